import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { auditStreamSettings } from './environment/audit-stream.ts'
import { developmentSettings } from './environment/development.ts'
import { emailSettings } from './environment/email.ts'
import { letterSettings } from './environment/letters.ts'
import { runningSettings } from './environment/running.ts'
import { secretSettings } from './environment/secrets.ts'
import { serverSettings } from './environment/server.ts'
import { smsSettings } from './environment/sms.ts'
import { storeSettings } from './environment/stores.ts'

/** Every environment variable once: type, default, unit, purpose (contract.md, "Environment"). */
export const environmentSchema = z.object({
  ...serverSettings,
  ...runningSettings,
  ...storeSettings,
  ...secretSettings,
  ...emailSettings,
  ...smsSettings,
  ...letterSettings,
  ...auditStreamSettings,
  ...developmentSettings,
})

export type Environment = z.infer<typeof environmentSchema>

/** Whether the setting may come from a file named by `<NAME>_FILE`. */
export function mayComeFromFile(name: string): boolean {
  return environmentSchema.shape[name as keyof Environment]?.meta()?.file === true
}

/**
 * Reads the environment. A setting that is not valid counts as unset; what is wrong with it stands in `faulty` by its
 * name, with its purpose.
 */
export function readEnvironment(variables: NodeJS.ProcessEnv): {
  environment: Environment
  faulty: Map<string, string>
} {
  const faulty = new Map<string, string>()
  const environment = Object.fromEntries(
    Object.entries(environmentSchema.shape).map(([name, schema]) => {
      const given = readGiven(name, variables, faulty)
      const result = schema.safeParse(given)
      if (result.success) return [name, result.data]
      const purpose = schema.description ?? 'see docs/operate/configuration.md'
      faulty.set(name, `${name}: ${result.error.issues.map(({ message }) => message).join(', ')} (${purpose})`)
      return [name, schema.safeParse(undefined).data]
    }),
  )
  return { environment: environment as Environment, faulty }
}

/** The text of a setting: the variable, else the file that `<NAME>_FILE` names. Empty is unset. */
function readGiven(name: string, variables: NodeJS.ProcessEnv, faulty: Map<string, string>): string | undefined {
  const path = variables[`${name}_FILE`]
  if (variables[name] || !path || !mayComeFromFile(name)) return variables[name] || undefined
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    faulty.set(name, `${name}_FILE names ${path}, which cannot be read (${code})`)
    return undefined
  }
}
