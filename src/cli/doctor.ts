import { createLogger } from '../app/logger.ts'
import { createSettingChecks } from '../app/setting-checks.ts'
import { createDoctor, type Finding } from '../services/doctor.ts'
import { createInvariantStore } from '../stores/invariants/index.ts'
import { pendingMigrations } from '../stores/migrations.ts'
import { createProtectedValueStore } from '../stores/protected-values.ts'
import { openDevelopmentClock, withContext } from './context.ts'
import type { CliCommand } from './frame.ts'

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
    withContext(
      io,
      async ({ config, database, keyRings, stores, clock, protection }) => {
        const settings = createSettingChecks({ config, knex: database, keyRings, log: createLogger('silent') })
        const invariants = createInvariantStore(database)
        const behind = (await pendingMigrations(database)).length > 0
        // The data follow the clock as development has moved it.
        const moved = behind || config.production ? clock : await openDevelopmentClock(database)
        const examination = createDoctor({
          ...{
            invariants,
            values: createProtectedValueStore(database, protection),
            auditEvents: stores.auditEvents,
            deadlines: config.deadlines,
            clock: moved,
          },
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
