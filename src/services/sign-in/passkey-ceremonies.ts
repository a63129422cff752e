import {
  challengeOf,
  holderIdOf,
  type PasskeyAnswer,
  readPasskeyAnswer,
  readPasskeyCreation,
} from '../../crypto/passkey-answers.ts'
import type { Passkey, PasskeyHolder, PasskeyVerifier } from '../../crypto/passkeys.ts'
import type { Random } from '../../crypto/random.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { ChallengeBinding } from '../../stores/sign-in/passkey-challenges.ts'

/** Seconds for which a challenge is good: longer than browsers wait for the person, shorter than anybody leaves a page open for. */
const challengeLife = 5 * 60

type Settings = {
  stores: Pick<Stores, 'passkeyChallenges'>
  clock: Clock
  random: Pick<Random, 'token'>
  verifier: PasskeyVerifier
}

/** Why a proof is none: `challenge` not given here, used or too old; `holder` of somebody else; `proof` not as asked. */
export type ProofFault = 'challenge' | 'holder' | 'proof'

/** `askedOf`: the person who was asked, where it was one; otherwise the answer has to say whose it is (WebAuthn 3, 7.2, step 6). */
export type HeldPasskey = { passkey: Passkey; holderId: string; askedOf?: string }

export type PasskeyCeremonies = ReturnType<typeof createPasskeyCeremonies>

/**
 * Creates the two ceremonies of passkeys, whoever holds them: options go out with a challenge that belongs to one session or browser,
 * and the first answer to it is looked at, no other.
 */
export function createPasskeyCeremonies({ stores, clock, random, verifier }: Settings) {
  async function challengeFor(binding: ChallengeBinding): Promise<string> {
    const challenge = random.token()
    const expiresAt = new Date(clock.now().getTime() + challengeLife * 1000)
    await stores.passkeyChallenges.issue(challenge, binding, expiresAt)
    return challenge
  }
  /** The challenge that an answer is for, used up by it; null when it was not given here. */
  async function takeChallenge(answer: Parameters<typeof challengeOf>[0], binding: ChallengeBinding) {
    const challenge = challengeOf(answer)
    const taken = challenge !== null && (await stores.passkeyChallenges.take(challenge, binding, clock.now()))
    return taken ? challenge : null
  }
  return {
    /** Options for the browser to make a passkey. */
    offerCreation: async (binding: ChallengeBinding, holder: PasskeyHolder, known: readonly Passkey[]) =>
      await verifier.creationOptions(await challengeFor(binding), holder, known),
    /** Options for the browser to use a passkey: one of `allowed`, or any that the person chooses. */
    offerProof: async (binding: ChallengeBinding, allowed?: readonly Passkey[]) =>
      await verifier.requestOptions(await challengeFor(binding), allowed),
    /** The passkey that the browser made; null when it is not what was asked for here. */
    async readCreation(posted: string, binding: ChallengeBinding): Promise<Passkey | null> {
      const answer = readPasskeyCreation(posted)
      const challenge = answer && (await takeChallenge(answer, binding))
      return answer && challenge ? await verifier.verifyCreation(answer, challenge) : null
    },
    /** Reads what a browser posts; its `id` is that of the credential. Null when it has another shape. */
    readProof: readPasskeyAnswer,
    /** The counter of a proof by the passkey `held`; the store says whether it went on. */
    async verifyProof(
      answer: PasskeyAnswer,
      binding: ChallengeBinding,
      held: HeldPasskey,
    ): Promise<{ counter: number } | ProofFault> {
      const challenge = await takeChallenge(answer, binding)
      if (challenge === null) return 'challenge'
      if ((holderIdOf(answer) ?? held.askedOf) !== held.holderId) return 'holder'
      const counter = await verifier.verifyProof(answer, challenge, held.passkey)
      return counter === null ? 'proof' : { counter }
    },
    /** Forgets challenges that nobody answered. */
    forgetChallenges: (): Promise<number> => stores.passkeyChallenges.deleteExpired(clock.now()),
  }
}
