import { readFileSync } from 'node:fs'
import type { Resource } from '../../domain/clients/scopes.ts'
import { clientsFileSchema } from './schema.ts'
import { parseYamlFile } from './yaml-file.ts'

/** What other files of applications say that counts for all of them. */
export type Beside = {
  /** The file that names the default application. */
  defaultIn: string | undefined
  resources: Resource[]
}

/** Reads what counts for all; a file that is not valid says nothing here, and what is wrong with it where it is read itself. */
export function readBeside(paths: readonly string[]): Beside {
  const contents = paths.flatMap((path) => {
    try {
      const { data } = clientsFileSchema.safeParse(parseYamlFile(path, readFileSync(path, 'utf8')).content)
      return data ? [{ path, ...data }] : []
    } catch {
      return []
    }
  })
  return {
    defaultIn: contents.find(({ default_client }) => default_client !== undefined)?.path,
    resources: contents.flatMap(({ resources = [] }) => resources),
  }
}
