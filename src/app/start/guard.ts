import { fileURLToPath } from 'node:url'
import type { Config } from '../../config.ts'
import { createTexts } from '../../gateways/texts.ts'
import { defaultRequestLimits } from '../../http/middleware/request-guard.ts'
import { createPlainAnswer } from '../../http/plain-answer.ts'

/** What the listener needs before anything else is there: limits of a request, and answers without the application. */
export function createGuard({ limits, insurer, issuer }: Config) {
  const texts = createTexts(fileURLToPath(new URL('../../../locales', import.meta.url)))
  return {
    limits: { ...defaultRequestLimits, ...limits.requests, bodyBytes: limits.bodyBytes },
    plain: createPlainAnswer({ texts, insurer, secure: issuer?.startsWith('https://') ?? false }),
  }
}
