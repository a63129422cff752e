import { describe, expect, it } from 'vitest'
import { homeOf, restartOf, withParameters } from './restart.ts'

const issuer = 'https://anmeldung.example'

describe('where an application begins again', () => {
  it.each([
    ['https://p.example/login', 'https://p.example/login?iss=https%3A%2F%2Fanmeldung.example'],
    ['https://p.example/login?tenant=by', 'https://p.example/login?tenant=by&iss=https%3A%2F%2Fanmeldung.example'],
    ['https://p.example/login?', 'https://p.example/login?iss=https%3A%2F%2Fanmeldung.example'],
    ['https://p.example/login?iss=old&a=1', 'https://p.example/login?iss=https%3A%2F%2Fanmeldung.example&a=1'],
    ['https://p.example/a?q=%26%3D#part', 'https://p.example/a?q=%26%3D&iss=https%3A%2F%2Fanmeldung.example#part'],
  ])('keeps what %s holds', (initiateLoginUri, expected) => {
    expect(restartOf({ initiateLoginUri }, issuer)).toBe(expected)
  })

  it('is its own page, else the site of its redirect address, else ours', () => {
    expect(restartOf({ clientUri: 'https://p.example/?a=1#b' }, issuer)).toBe('https://p.example/?a=1#b')
    expect(restartOf({ redirectUris: ['https://p.example/oidc/callback?x=1'] }, issuer)).toBe('https://p.example/')
    expect(restartOf({ redirectUris: ['http://localhost:3001/cb'] }, issuer)).toBe('http://localhost:3001/')
    expect(restartOf({ redirectUris: ['org.example.app:/cb', 'https://p.example/cb'] }, issuer)).toBe('/anmeldung')
    expect(restartOf({ redirectUris: ['http://localhost/cb'] }, issuer)).toBe('/anmeldung')
    expect(restartOf(undefined, issuer)).toBe('/anmeldung')
    expect(homeOf({})).toBeUndefined()
  })
})

it('adds to an address of an own scheme, and leaves out what is undefined', () => {
  expect(withParameters('org.example.app:/out', { state: 's&1' })).toBe('org.example.app:/out?state=s%261')
  expect(withParameters('https://p.example/out?a=1', { state: undefined })).toBe('https://p.example/out?a=1')
})
