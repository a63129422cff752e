import type { PasskeyAnswer, PasskeyCreation } from './passkey-answers.ts'

/** Whose pages passkeys belong to: host name, origin, and the name that browsers show. */
export type RelyingParty = { id: string; origin: string; name: string }

/** What is kept of a passkey. `counter` 0: its authenticator does not count, as that of no synced one does. `publicKey`: COSE. */
export type Passkey = {
  credentialId: string
  publicKey: Uint8Array<ArrayBuffer>
  counter: number
  transports: readonly string[]
  /** Whether it may be copied to other devices; that never changes (WebAuthn 3, 6.1.3, "backup eligibility"). */
  synced: boolean
}

/** For whom a passkey is made; `id` comes back with every answer, and is no personal data. */
export type PasskeyHolder = { id: string; name: string }

export type PasskeyVerifier = ReturnType<typeof createPasskeyVerifier>

/** COSE numbers of ES256, EdDSA and RS256, which every authenticator has one of. */
const algorithms = [-7, -8, -257]

/** Milliseconds that browsers wait for the person. */
const timeout = 120_000

/** The library takes half a second to load; a process without passkeys never needs it. */
const library = () => import('@simplewebauthn/server')

const described = ({ credentialId: id, transports }: Passkey) => ({ id, transports: [...transports] })

/**
 * Creates the maker of options for browsers and the verifier of what they answer (WebAuthn Level 3). Passkeys are discoverable, the
 * person is verified by the device at every use, and nothing is asked about the make of the device.
 */
export function createPasskeyVerifier({ id: rpID, origin, name: rpName }: RelyingParty) {
  const expected = { expectedOrigin: origin, expectedRPID: rpID, requireUserVerification: true }
  return {
    /** Options for `navigator.credentials.create`, as JSON; a device that holds one of `known` makes no further one. */
    creationOptions: async (challenge: string, holder: PasskeyHolder, known: readonly Passkey[]) =>
      await (await library()).generateRegistrationOptions({
        ...{ rpID, rpName, timeout, challenge: bytesOf(challenge), userID: textBytes(holder.id) },
        ...{ userName: holder.name, userDisplayName: holder.name },
        attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: known.map(described),
        supportedAlgorithmIDs: algorithms,
      }),
    /** Options for `navigator.credentials.get`, as JSON; without `allowed` the person chooses among all that are there. */
    requestOptions: async (challenge: string, allowed?: readonly Passkey[]) =>
      await (await library()).generateAuthenticationOptions({
        ...{ rpID, timeout, challenge: bytesOf(challenge), userVerification: 'required' },
        ...(allowed && { allowCredentials: allowed.map(described) }),
      }),
    /** The passkey that was made for this challenge (WebAuthn 3, 7.1); null when anything about it is not as asked. */
    async verifyCreation(response: PasskeyCreation, challenge: string): Promise<Passkey | null> {
      const { verifyRegistrationResponse } = await library()
      const settings = { ...expected, expectedChallenge: challenge, supportedAlgorithmIDs: algorithms }
      const done = await verifyRegistrationResponse({ ...settings, response }).catch(() => null)
      if (!done?.verified) return null
      const { credential, credentialDeviceType } = done.registrationInfo
      return {
        ...{ credentialId: credential.id, publicKey: credential.publicKey, counter: credential.counter },
        ...{ transports: response.response.transports ?? [], synced: credentialDeviceType === 'multiDevice' },
      }
    },
    /**
     * The counter of a proof that this passkey gave for this challenge (WebAuthn 3, 7.2); null when anything about it is not as asked.
     * Whether the counter went on is for who stores it: only a proof that fits says anything about it.
     */
    async verifyProof(response: PasskeyAnswer, challenge: string, held: Passkey): Promise<number | null> {
      const { verifyAuthenticationResponse } = await library()
      const credential = { id: held.credentialId, publicKey: held.publicKey, counter: 0 }
      const settings = { ...expected, expectedChallenge: challenge, credential }
      const done = await verifyAuthenticationResponse({ ...settings, response }).catch(() => null)
      if (!done?.verified || done.authenticationInfo.credentialID !== held.credentialId) return null
      const synced = done.authenticationInfo.credentialDeviceType === 'multiDevice'
      return synced === held.synced ? done.authenticationInfo.newCounter : null
    },
  }
}

const textBytes = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'))
const bytesOf = (base64url: string) => new Uint8Array(Buffer.from(base64url, 'base64url'))
