import { parseUsername } from '../../../domain/input/username.ts'
import { parseInsuranceNumber } from '../../../domain/register/insurance-number.ts'

/** What staff look for: an account by its id, a number, or a user name; whole, never a part. */
export type MemberQuery = { by: 'account' | 'insurance_number' | 'username'; value: string }

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether a text of an address can be the id of an account. */
export const isAccountId = (text: string): boolean => uuid.test(text)

/** Reads what was typed or dictated; null when it can be neither. A text that is a number is meant as one. */
export function readMemberQuery(typed: string): MemberQuery | null {
  const text = typed.trim()
  if (isAccountId(text.toLowerCase())) return { by: 'account', value: text.toLowerCase() }
  const number = parseInsuranceNumber(text)
  if (number.ok) return { by: 'insurance_number', value: number.value }
  const username = parseUsername(text)
  return username.ok ? { by: 'username', value: username.value } : null
}
