/** Begins work on the next `count` items while the result of one is used; gives the results in the order of the items. */
export async function* ahead<T, R>(
  items: AsyncIterable<T>,
  count: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = []
  for await (const item of items) {
    const result = work(item)
    // A fault is met when its turn comes; whoever has left before does not need it.
    result.catch(() => {})
    begun.push(result)
    if (begun.length > count) yield await (begun.shift() as Promise<R>)
  }
  for (const result of begun) yield await result
}
