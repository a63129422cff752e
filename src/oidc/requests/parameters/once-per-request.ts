import Provider from 'oidc-provider'

/** Makes `load` answer the same to all who ask for a key within one request of oidc-provider; outside one it loads anew. */
export function oncePerRequest<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new WeakMap<object, Map<string, Promise<T>>>()
  return (key) => {
    const request = Provider.ctx
    if (!request) return load(key)
    const answers = known.get(request) ?? new Map<string, Promise<T>>()
    known.set(request, answers)
    const answer = answers.get(key) ?? load(key)
    answers.set(key, answer)
    return answer
  }
}
