import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

type Options = { challenge?: string; user?: { id: string } }

/** How a device behaves; each default is that of a good one. */
type Behaviour = {
  origin?: string
  rpId?: string
  /** Whether it asked its person for finger, face or PIN. */
  verified?: boolean
  /** Whether its passkeys are copied to other devices; they do not count then. */
  synced?: boolean
  /** What it says whose passkey it is; the truth unless told. */
  userHandle?: string
  challenge?: string
  type?: string
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest()

/** Flags of authenticator data (WebAuthn 3, 6.1): present, verified, may be copied, is copied, tells its key. */
const flag = { present: 0x01, verified: 0x04, eligible: 0x08, copied: 0x10, key: 0x40 }

/** Creates a device with one passkey, in software; `origin`: of the page that it believes to be on. */
export function createAuthenticator(origin: string, always: Behaviour = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(16)
  const id = base64url(credentialId)
  let counter = 0
  let holder: string | undefined
  const frame = { id, rawId: id, type: 'public-key', clientExtensionResults: {} }

  const clientDataOf = (type: string, options: Options, how: Behaviour) =>
    Buffer.from(
      JSON.stringify({
        ...{ type: how.type ?? type, challenge: how.challenge ?? options.challenge, crossOrigin: false },
        origin: how.origin ?? origin,
      }),
    )

  function dataOf(how: Behaviour, more: number, attested = Buffer.alloc(0)): Buffer {
    const { verified = true, synced = false } = how
    if (!synced) counter++
    const flags = flag.present | (verified ? flag.verified : 0) | (synced ? flag.eligible | flag.copied : 0) | more
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(how.rpId ?? new URL(origin).hostname), Buffer.from([flags]), count, attested])
  }

  return {
    id,
    /** Sets the counter, as a copy of the device has another one. */
    count: (next: number) => {
      counter = next
    },
    /** Answers options for a new passkey, as the browser posts it. */
    create(options: object, now: Behaviour = {}): string {
      const how = { ...always, ...now }
      holder = (options as Options).user?.id
      const cose = isoCBOR.encode(
        new Map<number, number | Uint8Array>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
          [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
        ]) as never,
      )
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, cose])
      const authData = Uint8Array.from(dataOf(how, flag.key, attested))
      const object = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', authData],
        ]) as never,
      )
      const clientDataJSON = base64url(clientDataOf('webauthn.create', options, how))
      const response = { clientDataJSON, attestationObject: base64url(object), transports: ['internal'] }
      return JSON.stringify({ ...frame, response })
    },
    /** Answers options for a proof, as the browser posts it. */
    prove(options: object, now: Behaviour = {}): string {
      const how = { ...always, ...now }
      const clientData = clientDataOf('webauthn.get', options, how)
      const authData = dataOf(how, 0)
      const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey)
      const response = {
        ...{ clientDataJSON: base64url(clientData), authenticatorData: base64url(authData) },
        ...{ signature: base64url(signature), userHandle: how.userHandle ?? holder },
      }
      return JSON.stringify({ ...frame, response })
    },
  }
}
