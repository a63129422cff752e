import type { FieldEncryption, KeyedHash } from './field-encryption.ts'

/** What a store needs to keep personal data unreadable at rest (security.md, "personal data at rest"). */
export type Protection = { encryption: FieldEncryption; hash: KeyedHash }
