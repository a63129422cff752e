/** How many codes one envelope holds, as `config/print-desk.yaml` has it (`envelope`). */
export type EnvelopeRules = {
  /** Codes at most, each of another mobile number. */
  codes: number
  /** Further registrations of one mobile number only while the envelope holds fewer codes than this. */
  codesOfRepeatedNumbers: number
}

/** A registration of an insurance number that waits for its code. `letterId`: random, drawn by us. */
export type WaitingCode = {
  letterId: string
  accountId: string
  /** E.164, proven by an mTAN. */
  mobile: string
  registeredAt: Date
  /** A letter of this registration has been posted before. */
  hadLetter: boolean
}

/**
 * Chooses which registrations of one insurance number get their code into its envelope, oldest first. Nearly always all do.
 * Where a stranger registers again and again, each mobile number has its newest registration before any has a second one:
 * she cannot push the member's out, as numbers are proven by mTAN. Beyond that a draw decides that nobody can influence
 * (mission.md, "Who may register").
 */
export function chooseCodes<T extends WaitingCode>(waiting: readonly T[], rules: EnvelopeRules): T[] {
  const ranked = rankWithinNumbers(onePerRegistration(waiting))
  const chosen: T[] = []
  for (const { each, rank } of ranked.sort(byRank))
    if (chosen.length < (rank === 0 ? rules.codes : rules.codesOfRepeatedNumbers)) chosen.push(each)
  return chosen.sort((a, b) => a.registeredAt.getTime() - b.registeredAt.getTime() || compare(a.letterId, b.letterId))
}

type Ranked<T> = { each: T; rank: number }

/** A registration needs one code, however many of its letters wait. */
function onePerRegistration<T extends WaitingCode>(waiting: readonly T[]): T[] {
  return [...new Map(waiting.map((each) => [each.accountId, each])).values()]
}

function rankWithinNumbers<T extends WaitingCode>(waiting: readonly T[]): Ranked<T>[] {
  const seen = new Map<string, number>()
  const newestFirst = [...waiting].sort((a, b) => b.registeredAt.getTime() - a.registeredAt.getTime())
  return newestFirst.map((each) => {
    const rank = seen.get(each.mobile) ?? 0
    seen.set(each.mobile, rank + 1)
    return { each, rank }
  })
}

/** First of their number, then those that never had a letter, then as their random ids fall. */
const byRank = (a: Ranked<WaitingCode>, b: Ranked<WaitingCode>) =>
  a.rank - b.rank || Number(a.each.hadLetter) - Number(b.each.hadLetter) || compare(a.each.letterId, b.each.letterId)

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
