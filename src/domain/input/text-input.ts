import { hasBidiMarks, hasUnsafeCharacters } from './unsafe-characters.ts'

type SecurityAnswerResult =
  | { ok: true /** normalised, as it is hashed */; value: string }
  | {
      ok: false
      reason: 'empty' | 'too_short' | 'part_of_question' | 'part_of_name' | 'too_long' | 'control_characters'
    }

/** Characters of a normalised answer. */
const answerLength = { min: 3, max: 100 }

/**
 * Makes answers that a person means as the same one the same text: NFKC, no difference of case, `ß` as `ss`, no
 * blanks (security.md, "security answer").
 */
export function normaliseSecurityAnswer(input: string): string {
  // Through capitals: they fold more than small letters do (ß → SS, ſ → S).
  const folded = input.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
  return folded.normalize('NFKC').replace(/[\s\p{Z}\p{Default_Ignorable_Code_Point}]/gu, '')
}

/**
 * Checks the answer to a Sicherheitsfrage: at least 3 characters after normalising, not part of the question's text
 * nor of one of the names (given name, family name, user name) (security.md, "security answer").
 */
export function checkSecurityAnswer(
  answer: string,
  { question, names }: { question: string; names: readonly string[] },
): SecurityAnswerResult {
  if (answer.length > answerLength.max * 8) return { ok: false, reason: 'too_long' }
  if (hasUnsafeCharacters(answer) || hasBidiMarks(answer)) return { ok: false, reason: 'control_characters' }
  const value = normaliseSecurityAnswer(answer)
  const count = [...value].length
  if (count === 0) return { ok: false, reason: 'empty' }
  if (count < answerLength.min) return { ok: false, reason: 'too_short' }
  if (count > answerLength.max) return { ok: false, reason: 'too_long' }
  if (normaliseSecurityAnswer(question).includes(value)) return { ok: false, reason: 'part_of_question' }
  // Joined both ways, so that given and family name together are found as well.
  const joined = [names.join(''), names.toReversed().join('')].map(normaliseSecurityAnswer)
  if (joined.some((name) => name.includes(value))) return { ok: false, reason: 'part_of_name' }
  return { ok: true, value }
}
