import { z } from 'zod'

const base64url = z
  .string()
  .regex(/^[\w-]+$/)
  .max(16_384)

/** Ids of credentials have at most 1023 bytes (WebAuthn 3, 4, "Credential ID"). */
const credentialId = base64url.max(1364)

const answer = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  clientExtensionResults: z.object({}),
}

const creation = z.object({
  ...answer,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().max(32)).max(8).optional(),
  }),
})

const proof = z.object({
  ...answer,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.optional(),
  }),
})

const clientData = z.object({ challenge: base64url })

/** What a browser answers when a passkey was made, and when one was used (`RegistrationResponseJSON`, `AuthenticationResponseJSON`). */
export type PasskeyCreation = z.infer<typeof creation>
export type PasskeyAnswer = z.infer<typeof proof>

/** Reads a posted answer; null when it has another shape. */
export const readPasskeyCreation = (text: string): PasskeyCreation | null => read(creation, text)
export const readPasskeyAnswer = (text: string): PasskeyAnswer | null => read(proof, text)

/** The challenge that an answer says it is for, in base64url; null when it says none. */
export const challengeOf = ({ response }: PasskeyCreation | PasskeyAnswer): string | null =>
  read(clientData, Buffer.from(response.clientDataJSON, 'base64url').toString('utf8'))?.challenge ?? null

/** Whom the passkey was made for, as its device remembers; null when it does not say. */
export const holderIdOf = ({ response }: PasskeyAnswer): string | null =>
  response.userHandle === undefined ? null : Buffer.from(response.userHandle, 'base64url').toString('utf8')

function read<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
