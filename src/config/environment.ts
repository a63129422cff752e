import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartUpError } from '../errors.ts'
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
  ...developmentSettings,
})

export type Environment = z.infer<typeof environmentSchema>

/** Whether the setting may come from a file named by `<NAME>_FILE`. */
export function mayComeFromFile(name: string): boolean {
  return environmentSchema.shape[name as keyof Environment]?.meta()?.file === true
}

/**
 * Parses the environment; all faults are reported together.
 * @throws StartUpError naming each variable, its fault and its purpose.
 */
export function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  for (const name of Object.keys(environmentSchema.shape).filter(mayComeFromFile)) {
    const path = given[`${name}_FILE`]
    if (!path || given[name]) continue
    try {
      const value = readFileSync(path, 'utf8').trim()
      // As with a variable, empty is unset.
      if (value) given[name] = value
    } catch (error) {
      throw new StartUpError(
        `${name}_FILE names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      )
    }
  }
  const result = environmentSchema.safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => {
    const name = String(issue.path[0]) as keyof Environment
    return `${name}: ${issue.message} (${environmentSchema.shape[name]?.description ?? 'see docs/operate/configuration.md'})`
  })
  throw new StartUpError(`The settings are not valid. ${faults.join('. ')}.`)
}
