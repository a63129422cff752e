import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createClientServices } from '../../../src/app/services/clients.ts'
import { type ClientSource, ownClientSources } from '../../../src/config/clients/sources.ts'
import type { Config } from '../../../src/config.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import { takeTogether } from '../../../src/services/clients/take-files.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-take-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'clients.yaml')
const secret = 'V1StGXR8_Z5jdHi6B-myT5zkqHcQ2sWn7Lp0aUeYbXo'
const write = (text: string) => writeFileSync(path, text)
const entry = (id: string, more = '') => `
  - client_id: ${id}
    name: ${id}
    kind: web
    redirect_uris: [https://${id}.example/callback]
    scopes: [openid]
    client_secret: { from: env:SECRET }
${more}`
const both = `default_client: good\nclients:${entry('good')}${entry('stolen')}`
const one = `default_client: good\nclients:${entry('good')}`

describeOnDatabase('a file of applications that is changed while it is taken', (database) => {
  let clients: ReturnType<typeof createClientServices>
  beforeEach(async () => {
    for (const table of ['clients', 'client_files', 'client_resources']) await database()(table).delete()
    clients = createClientServices({ ...createServiceWorld(database()), random: createRandom() })
  })
  const sourceOf = (variables: Record<string, string> = { SECRET: secret }) =>
    ownClientSources({ configDir: folder, variables } as unknown as Config)[0] as ClientSource
  const take = async (source: ClientSource, from = clients) =>
    (await takeTogether([source], from, { actor: 'system' })).outcome.outcome
  const isLetIn = async (clientId: string) => (await clients.find(clientId))?.goneAt === null

  it('is applied as it is afterwards, when that happens between its text and its secrets', async () => {
    write(both)
    const during = {
      get SECRET() {
        write(one)
        return secret
      },
    }
    expect(await take(sourceOf(during))).toBe('applied')
    expect([await isLetIn('good'), await isLetIn('stolen')]).toEqual([true, false])
    expect(await take(sourceOf())).toBe('unchanged')
  })

  it('is digested as it was understood: the next one finds what has changed', () => {
    write(both)
    const source = sourceOf({
      get SECRET() {
        write(one)
        return secret
      },
    })
    const { digest, references } = source.read()
    expect(digest).not.toBe(sourceOf().digest(references))
    write(both)
    expect(digest).toBe(sourceOf().digest(references))
  })

  it('takes back nothing that another one has applied since it was read', async () => {
    write(both)
    const [read, hold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const apply: typeof clients.files.apply = async (...given) => {
      read.resolve()
      await hold.promise
      return await clients.files.apply(...given)
    }
    const slow = take(sourceOf(), { ...clients, files: { ...clients.files, apply } })
    await read.promise
    write(one)
    expect(await take(sourceOf())).toBe('applied')
    hold.resolve()
    expect(await slow).toBe('unchanged')
    expect([await isLetIn('good'), await isLetIn('stolen')]).toEqual([true, false])
  })

  it('is given up, when every reading of it is followed by a change', async () => {
    let count = 0
    const source = sourceOf()
    const restless = {
      ...source,
      read() {
        const content = source.read()
        write(`${one}# ${count++}\n`)
        return content
      },
    }
    write(one)
    await expect(take(restless)).rejects.toThrow(/clients\.yaml is changed again and again/)
    expect(await clients.find('good')).toBeNull()
  })
})
