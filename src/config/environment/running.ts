import { z } from 'zod'

/** What a process does, and how it ends. */
export const runningSettings = {
  ROLE: z
    .enum(['web', 'worker', 'both'])
    .default('both')
    .describe('`web` answers pages, `worker` runs deliveries and jobs, `both`; `--role` on the command line wins'),
  DRAIN_DELAY: z.coerce
    .number()
    .min(0)
    .max(300)
    .default(0)
    .describe('seconds between SIGTERM, when `/health/ready` turns 503, and the end of accepting connections'),
  DRAIN_TIMEOUT: z.coerce
    .number()
    .min(1)
    .max(600)
    .default(25)
    .describe('seconds after SIGTERM in which a process ends, `DRAIN_DELAY` included; then it is cut off'),
  OPERATOR: z
    .string()
    .optional()
    .describe(
      'who gives a command that changes something (letters, applications, staff, members), as the audit log names him; `--operator` wins',
    ),
  OPERATOR_TOKEN: z
    .string()
    .optional()
    .meta({ file: true })
    .describe(
      'token of the operator from `operators:token`; needed where `operators.tokens` in `insurer.yaml` names any',
    ),
}
