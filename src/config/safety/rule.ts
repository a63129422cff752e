import type { Environment } from '../environment.ts'
import type { SmsConfig } from '../sms.ts'

/** What the rules look at; `sms` is unset when its file could not be read, `nodeOptions` are those of the command that started Node. */
export type Facts = {
  environment: Environment
  variables: NodeJS.ProcessEnv
  nodeOptions: readonly string[]
  sms: SmsConfig | undefined
}

/**
 * What a rule found, by the name of the setting, in words that never repeat a secret. A `fault` refuses the start; a `risk` may be right
 * in some place, so it is logged at every start.
 */
export type Finding = { setting: string } & ({ fault: string } | { risk: string })

export type Rule = (facts: Facts) => Finding[]

/** A finding when `when` holds, else none. */
export const fault = (when: unknown, setting: string, text: string): Finding[] =>
  when ? [{ setting, fault: text }] : []
export const risk = (when: unknown, setting: string, text: string): Finding[] => (when ? [{ setting, risk: text }] : [])
