import { twoPersonActs } from '../../domain/staff/two-persons.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { ConsoleRoute } from '../visit.ts'

/** The first page: what waits for this person, and the rooms. */
export const startPages = ({ approvals }: { approvals: ApprovalService }): ConsoleRoute[] => [
  {
    method: 'get',
    path: '',
    right: 'signed-in',
    async handle({ show, may, actor }) {
      const open = (await approvals.open()).filter(({ act, askedBy }) => may(twoPersonActs[act]) && askedBy !== actor)
      await show('start', { model: { waiting: open.length } })
    },
  },
]
