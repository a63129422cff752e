import { describe, expect, it } from 'vitest'
import { sayFactors, sayLevel, sayMoment, sayRefusal, sayStepUp } from './words.ts'

describe('sayFactors', () => {
  it('names each factor once and leaves out the sum of them', () => {
    expect(sayFactors(['pwd', 'sms', 'mfa'])).toBe('Passwort und mTAN per SMS')
    expect(sayFactors(['pwd', 'urn:meine-aok:amr:letter', 'sms', 'mfa'])).toBe(
      'Passwort, Freischaltcode aus dem Brief und mTAN per SMS',
    )
    expect(sayFactors(['hwk', 'swk'])).toBe('Passkey')
  })

  it('shows an unknown factor as it came, names of object members too', () => {
    expect(sayFactors(['face', 'constructor'])).toBe('face und constructor')
  })

  it('says when there is nothing to say', () => {
    expect(sayFactors(undefined)).toBe('nicht angegeben')
    expect(sayFactors(['mfa'])).toBe('mehrere Faktoren')
  })
})

describe('sayMoment', () => {
  it('speaks the time of Berlin, summer and winter', () => {
    expect(sayMoment(Date.UTC(2027, 2, 12, 13, 5) / 1000)).toBe('12. März 2027, 14:05 Uhr')
    expect(sayMoment(Date.UTC(2027, 6, 1, 22, 30) / 1000)).toBe('2. Juli 2027, 00:30 Uhr')
  })

  it('does not take a missing moment for 1970', () => {
    expect(sayMoment(undefined)).toBe('nicht angegeben')
  })
})

describe('sayLevel and sayStepUp', () => {
  it('names the levels of the contract', () => {
    expect(sayLevel('urn:meine-aok:acr:password-mtan')).toBe('Passwort und mTAN')
    expect(sayLevel('urn:other')).toBe('urn:other')
    expect(sayLevel(undefined)).toBe('nicht angegeben')
  })

  it('tells whether one of the asked-for levels was reached', () => {
    expect(sayStepUp(undefined, 'phr')).toBeUndefined()
    expect(sayStepUp('urn:x phr', 'phr')).toBe('Die verlangte Stufe wurde erreicht.')
    expect(sayStepUp('phr', 'urn:meine-aok:acr:password-mtan')).toMatch(/\(phr\) wurde nicht erreicht/)
  })
})

describe('sayRefusal', () => {
  it('has words of its own for known codes and one sentence for all others', () => {
    expect(sayRefusal('access_denied')).toMatch(/abgebrochen/)
    const other = sayRefusal('something_new')
    expect(sayRefusal('toString')).toBe(other)
    expect(other).toMatch(/nicht geklappt/)
  })
})
