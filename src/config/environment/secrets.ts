import { alsoFromFile, keyRing } from './types.ts'

/** Key rings: `kid:base64,kid:base64`, newest first. */
export const secretSettings = {
  COOKIE_KEYS: keyRing.optional().meta(alsoFromFile('list of keys that sign cookies; required in production')),
  ENCRYPTION_KEYS: keyRing
    .optional()
    .meta(alsoFromFile('list of keys that encrypt personal data; required in production')),
  HASH_KEYS: keyRing
    .optional()
    .meta(alsoFromFile('list of keys for blind indexes, one-time codes and the audit chain; required in production')),
}
