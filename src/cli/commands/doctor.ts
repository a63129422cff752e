import { openClock } from '../../app/start/clock.ts'
import { createSettingChecks } from '../../app/start/setting-checks.ts'
import { createLogger } from '../../process/logger.ts'
import { createDoctor, type Finding } from '../../services/operation/doctor.ts'
import { pendingMigrations } from '../../stores/database/migrations.ts'
import { createProtectedValueStore } from '../../stores/keys/protected-values.ts'
import { createInvariantStore } from '../../stores/operation/invariants/index.ts'
import type { CliCommand } from '../frame.ts'
import { withServices } from '../with-services.ts'

/** Examines the installation; exit code 1 when something is wrong. It changes nothing. */
export const doctor: CliCommand = {
  name: 'doctor',
  description:
    'examine settings, data and audit chain, with a mend for each fault; exit code 1 when something is wrong',
  define: (command) =>
    command
      .option('--without-chain', 'leave out the audit chain, which takes minutes over millions of events')
      .option('--without-values', 'leave out the opening of every protected value, which takes minutes over millions')
      .option('--all', 'list what is in order, too'),
  run: (_args, { withoutChain, withoutValues, all }, io) =>
    withServices(
      io,
      async ({ keys: { keyRings }, operation: { auditStream }, stores, protection }, { config, knex, clock }) => {
        const settings = createSettingChecks({
          config,
          knex,
          keyRings,
          auditStream,
          stores,
          log: createLogger('silent'),
        })
        const behind = (await pendingMigrations(knex)).length > 0
        const examination = createDoctor({
          invariants: createInvariantStore(knex),
          values: createProtectedValueStore(knex, protection),
          auditEvents: stores.auditEvents,
          deadlines: config.deadlines,
          // The data follow the clock as development has moved it.
          clock: behind ? clock : (await openClock(config, knex)).clock,
          settings: behind ? settings.slice(0, 1) : settings,
          onlySettings: behind,
        })
        const findings = await examination.examine({
          withoutChain: withoutChain === true,
          withoutValues: withoutValues === true,
        })
        const faults = findings.filter(({ outcome }) => outcome === 'fault').length
        const warnings = findings.filter(({ outcome }) => outcome === 'warning').length
        const shown = findings.filter(({ outcome }) => all || outcome !== 'ok').map(describe)
        const sum = `${findings.length} looks: ${faults} faults, ${warnings} warnings.`
        return { exitCode: faults > 0 ? 1 : 0, text: [...shown, sum].join('\n'), json: { faults, warnings, findings } }
      },
      { anySchema: true, anyKeys: true },
    ),
}

function describe({ name, outcome, count, ids, meaning, mend }: Finding): string {
  if (outcome === 'ok') return `ok       ${name}`
  const rows = count === undefined ? '' : ` (${count}: ${ids?.join(', ')}${count > (ids?.length ?? 0) ? ', …' : ''})`
  return `${outcome.padEnd(8)} not true: ${name}\n         ${meaning}${rows}\n         Mend: ${mend}.`
}
