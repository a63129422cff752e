import { createHelpActs } from './acts.ts'
import { createCallerIdentification } from './caller.ts'
import { createMemberLookUps } from './look-ups.ts'
import { createMemberPages } from './member-page.ts'
import { createRevealing } from './revealing.ts'
import type { HelpDeskSettings } from './settings.ts'

export type HelpDesk = ReturnType<typeof createHelpDesk>

/**
 * Creates the help desk: a member is found by exact data and with a reason, seen without personal data, and helped by acts of which he
 * is told. Console and command line see and do the same.
 */
export function createHelpDesk(settings: HelpDeskSettings) {
  const acts = createHelpActs(settings)
  return {
    ...createMemberLookUps(settings),
    page: createMemberPages(settings),
    reveal: createRevealing(settings),
    identify: createCallerIdentification(settings),
    do: acts.do,
    end: acts.end,
  }
}
