import { connectionRule, farSideRule } from './safety/connections.ts'
import { developmentRule } from './safety/development.ts'
import { issuerRule } from './safety/issuer.ts'
import type { Facts, Finding, Rule } from './safety/rule.ts'
import { secretRule } from './safety/secrets.ts'
import { addressRule, productionRule, switchRule } from './safety/switches.ts'

/** Every rule over addresses, secrets and switches that a start must not get wrong. */
const rules: Record<'production' | 'development', readonly Rule[]> = {
  production: [productionRule, issuerRule, connectionRule, farSideRule, addressRule, secretRule, switchRule],
  development: [developmentRule, issuerRule, addressRule],
}

/** Looks for what is unsafe in the settings; `faulty` settings have been complained about already. */
export function findUnsafe(facts: Facts, faulty: ReadonlySet<string>): Finding[] {
  if (faulty.has('NODE_ENV')) return []
  const mode = facts.environment.NODE_ENV === 'production' ? 'production' : 'development'
  return rules[mode].flatMap((rule) => rule(facts)).filter(({ setting }) => !faulty.has(setting))
}
