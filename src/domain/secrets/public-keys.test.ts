import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { canVerify, holdsSecret } from './public-keys.ts'

const jwk = (publicKey: { export(options: { format: 'jwk' }): JsonWebKey }) => publicKey.export({ format: 'jwk' })
const ec = (namedCurve: string) => jwk(generateKeyPairSync('ec', { namedCurve }).publicKey)
const rsa = (modulusLength: number) => jwk(generateKeyPairSync('rsa', { modulusLength }).publicKey)
const p256 = ec('P-256')

test.each<[string, object]>([
  ['P-256', p256],
  ['P-256 for signatures', { ...p256, use: 'sig', kid: 'a', alg: 'ES256' }],
  ['P-256 to verify', { ...p256, key_ops: ['verify'] }],
  ['RSA of 2048 bits', rsa(2048)],
  ['Ed25519', jwk(generateKeyPairSync('ed25519').publicKey)],
])('%s can verify', (_, key) => {
  expect([canVerify(key), holdsSecret(key)]).toEqual([true, false])
})

test.each<[string, unknown]>([
  ['RSA of 1024 bits', rsa(1024)],
  ['P-384, which no enabled algorithm has', ec('P-384')],
  ['a key for encryption', { ...p256, use: 'enc' }],
  ['a key to encrypt', { ...p256, key_ops: ['encrypt'] }],
  ['a point that is none', { ...p256, x: 'a' }],
  ['X25519', jwk(generateKeyPairSync('x25519').publicKey)],
  ['another kind', { kty: 'AKP' }],
  ['nothing', {}],
  ['no object', 'key'],
  ['null', null],
])('%s cannot', (_, key) => {
  expect(canVerify(key)).toBe(false)
})

test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('%s is a secret', (member) => {
  expect(holdsSecret({ ...p256, [member]: 'x' })).toBe(true)
})
