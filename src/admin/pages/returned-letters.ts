import type { ReturnedMailService } from '../../services/letters/returned-mail.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { readLetterId } from './letters.ts'

/** Letters that came back: one field for a scanner, and what has to be cleared in the core system. */
export function returnedLetterPages(returnedMail: Pick<ReturnedMailService, 'take' | 'list'>): ConsoleRoute[] {
  const show = (visit: Visit, model: object, locals: object = {}, status = 200) =>
    visit.show('letters/returned', { ...locals, model: { ...model } }, status)
  return [
    { method: 'get', path: '/letters/returned', right: 'letters:write', handle: (visit) => show(visit, {}) },
    {
      method: 'post',
      path: '/letters/returned',
      right: 'letters:write',
      async handle(visit) {
        const id = readLetterId(visit.form.letter ?? '')
        const refuse = (reason: string) =>
          show(
            visit,
            {},
            { errors: { letter: { key: `console.returned.refused.${reason}` } }, values: visit.form },
            422,
          )
        if (!id) return await refuse('format')
        const outcome = await returnedMail.take(id, visit.actor)
        const { result } = outcome
        if (result !== 'blocked' && result !== 'cleared' && result !== 'not_in_register') return await refuse(result)
        // The next envelope is scanned on the same page.
        await show(visit, { taken: { result, told: 'told' in outcome && outcome.told } })
      },
    },
    {
      // Shows insurance numbers, which is recorded: a form, not a link that is followed by chance.
      method: 'post',
      path: '/letters/returned/open',
      right: 'letters:write',
      fresh: true,
      handle: async (visit) => show(visit, { open: await returnedMail.list(visit.actor) }),
    },
  ]
}
