import { maskEmail } from '../../../domain/input/email-address.ts'
import { maskMobile } from '../../../domain/input/mobile-number.ts'
import { fullName } from '../../../domain/input/person-name.ts'
import type { InsuredPerson } from '../../../domain/register/eligibility.ts'
import type { Account } from '../../../stores/accounts/accounts.ts'

/** Personal data of a member that are shown one by one, when somebody asks for them. */
export const maskedFields = ['username', 'insuranceNumber', 'email', 'mobile', 'name', 'birthDate', 'address'] as const
export type MaskedField = (typeof maskedFields)[number]

export const isMaskedField = (text: string): text is MaskedField => (maskedFields as readonly string[]).includes(text)

/** Shows a user name so that its owner knows it: `le•••`. */
export const maskUsername = (username: string): string => `${username.slice(0, 2)}•••`

/** Shows a number so that its owner knows it: `A•••••••80`. */
const maskNumber = (number: string): string => `${number.slice(0, 1)}•••••••${number.slice(-2)}`

/**
 * What is known of a member in full, and null for what is not. The register is asked for accounts that have been active only: a stranger
 * may have registered with the number, and only the letter tells whether it is known (mission.md, "Who may register").
 */
export function personalData(account: Account, person: InsuredPerson | null): Record<MaskedField, string | null> {
  const proven = account.activeSince ? person : null
  const { username, insuranceNumber, email, mobile } = account
  return {
    ...{ username, insuranceNumber, email, mobile },
    name: proven && fullName(proven),
    birthDate: proven?.birthDate ?? null,
    address: proven && addressOf(proven),
  }
}

/** The same, so that only its owner knows it. */
export function maskedData(account: Account, person: InsuredPerson | null): Record<MaskedField, string | null> {
  const data = personalData(account, person)
  const { username, insuranceNumber, email, mobile } = account
  return {
    username: maskUsername(username),
    insuranceNumber: maskNumber(insuranceNumber),
    email: maskEmail(email),
    mobile: maskMobile(mobile),
    name: data.name && '•••',
    birthDate: data.birthDate && '•••',
    address: data.address && '•••',
  }
}

const addressOf = ({ address }: InsuredPerson) =>
  [address.addition, address.street, `${address.postalCode} ${address.city}`.trim(), address.country]
    .filter(Boolean)
    .join(', ')
