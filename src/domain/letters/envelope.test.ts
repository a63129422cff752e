import { describe, expect, it } from 'vitest'
import { chooseCodes, type WaitingCode } from './envelope.ts'

const rules = { codes: 6, codesOfRepeatedNumbers: 3 }
const member = waiting('ffff', '+4915100000000', 0)

function waiting(letterId: string, mobile: string, minute: number, changes: Partial<WaitingCode> = {}): WaitingCode {
  const registeredAt = new Date(Date.UTC(2026, 10, 24, 9, minute))
  return { letterId, accountId: letterId, mobile, registeredAt, hadLetter: false, ...changes }
}
const strangers = (count: number, mobileOf: (n: number) => string, minute = 1) =>
  Array.from({ length: count }, (_, n) => waiting(`0${String(n).padStart(3, '0')}`, mobileOf(n), minute + n))
const idsOf = (chosen: WaitingCode[]) => chosen.map(({ letterId }) => letterId)

describe('the codes of an envelope', () => {
  it('are those of all that wait, oldest first', () => {
    const others = strangers(5, (n) => `+49152${n}`)
    expect(idsOf(chooseCodes([...others].reverse().concat(member), rules))).toEqual(['ffff', ...idsOf(others)])
  })

  it.each([
    ['before her', -60],
    ['after her', 60],
  ])('hold the member’s, however often one number is registered %s', (_, minute) => {
    const chosen = chooseCodes([...strangers(50, () => '+491520', minute), member], rules)
    expect(idsOf(chosen)).toContain('ffff')
    expect(chosen).toHaveLength(rules.codesOfRepeatedNumbers)
  })

  it('are the newest of a number', () => {
    const chosen = chooseCodes([...strangers(5, () => '+491520'), member], rules)
    expect(idsOf(chosen)).toEqual(['ffff', '0003', '0004'])
  })

  it('fill the envelope with one of each number, and then no more', () => {
    const others = strangers(5, (n) => `+49152${n}`)
    expect(idsOf(chooseCodes([...others, member], rules))).toHaveLength(6)
    const twice = strangers(20, (n) => `+49152${n % 5}`)
    const chosen = chooseCodes([...twice, member], rules)
    expect(idsOf(chosen)).toContain('ffff')
    expect(new Set(chosen.map(({ mobile }) => mobile)).size).toBe(6)
  })

  it('beyond that go to those who never had a letter, then as ids fall that nobody chooses', () => {
    const had = strangers(5, (n) => `+49152${n}`).map((each) => ({ ...each, hadLetter: true }))
    const others = strangers(20, (n) => `+49153${n}`).map((each, n) => ({
      ...each,
      letterId: `1${n}`,
      accountId: `1${n}`,
    }))
    const chosen = chooseCodes([...had, ...others], rules)
    expect(chosen.every(({ hadLetter }) => !hadLetter)).toBe(true)
    expect(idsOf(chosen).sort()).toEqual(idsOf(others).sort().slice(0, 6))
  })

  it('are one for a registration, however many of its letters wait', () => {
    const again = { ...member, letterId: 'eeee' }
    expect(chooseCodes([member, again], rules)).toHaveLength(1)
  })
})
