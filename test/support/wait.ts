/** Looks again and again until `look` finds something; throws after `seconds`. */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 5,
): Promise<T> {
  for (let turn = 0; turn < seconds * 50; turn++) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not within ${seconds} seconds`)
}
