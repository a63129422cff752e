import { describe, expect, it } from 'vitest'
import {
  factors,
  isAtLeast,
  missingFactors,
  oldestProof,
  type Proofs,
  passwordMtanAcr,
  provedSince,
  signInOf,
} from './factors.ts'

const letter = 'urn:meine-aok:amr:letter'

describe('what tokens say of a sign-in', () => {
  it.each<[string, Proofs, { amr: string[]; authTime: number }]>([
    ['password, then mTAN', { password: 100, sms: 160 }, { amr: ['pwd', 'sms', 'mfa'], authTime: 160 }],
    ['mTAN, then password', { sms: 100, password: 160 }, { amr: ['pwd', 'sms', 'mfa'], authTime: 160 }],
    [
      'a first sign-in',
      { password: 100, letter: 130, sms: 160 },
      { amr: ['pwd', 'sms', 'mfa', letter], authTime: 160 },
    ],
    [
      'a letter after all, on which no class rests',
      { password: 100, sms: 160, letter: 200 },
      { amr: ['pwd', 'sms', 'mfa', letter], authTime: 160 },
    ],
    ['the same moment', { password: 100, sms: 100 }, { amr: ['pwd', 'sms', 'mfa'], authTime: 100 }],
  ])('after %s', (_name, proofs, expected) => {
    expect(signInOf(proofs)).toEqual({ acr: 'urn:meine-aok:acr:password-mtan', ...expected })
  })

  it.each<[string, Proofs]>([
    ['nothing', {}],
    ['a password', { password: 100 }],
    ['an mTAN', { sms: 100 }],
    ['a letter', { letter: 100 }],
    ['password and letter', { password: 100, letter: 130 }],
    ['mTAN and letter', { sms: 100, letter: 130 }],
    ['a factor that was left out', { password: 100, sms: undefined }],
  ])('is nothing after %s: nobody is signed in', (_name, proofs) => {
    expect(() => signInOf(proofs)).toThrow('not enough')
  })
})

it('names what is missing for a class, and all for one that nobody reaches', () => {
  expect(missingFactors(passwordMtanAcr, {})).toEqual(['password', 'sms'])
  expect(missingFactors(passwordMtanAcr, { password: 100 })).toEqual(['sms'])
  expect(missingFactors(passwordMtanAcr, { sms: 100, letter: 100 })).toEqual(['password'])
  expect(missingFactors(passwordMtanAcr, { password: 100, sms: 160 })).toEqual([])
  expect(missingFactors('phr', {})).toEqual(factors)
})

it('knows the oldest proof, and whether all came after a moment', () => {
  expect(oldestProof({ sms: 160, password: 100, letter: undefined })).toBe(100)
  expect(provedSince({ sms: 160, password: 100 }, 100)).toBe(true)
  expect(provedSince({ sms: 160, password: 100 }, 101)).toBe(false)
})

it('holds no class for strong enough that is not ours', () => {
  expect(isAtLeast(passwordMtanAcr, passwordMtanAcr)).toBe(true)
  for (const acr of [undefined, '', 'urn:something:less', 'phr']) expect(isAtLeast(acr, passwordMtanAcr)).toBe(false)
  for (const minimum of ['', 'phr']) expect(isAtLeast(passwordMtanAcr, minimum)).toBe(false)
})
