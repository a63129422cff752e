import { z } from 'zod'
import { parseKeyRing } from '../../crypto/key-ring.ts'
import { parseTrustedProxies } from '../../domain/network/trusted-proxies.ts'

/** A TCP port; 0 picks a free one. */
export const port = z.coerce.number().int().min(0).max(65535)
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
export const keyRing = z.string().transform((list, context) => {
  try {
    return parseKeyRing(list)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

/** Who stands between the clients and this process. */
export const trustedProxies = z.string().transform((text, context) => {
  try {
    return parseTrustedProxies(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

/** Describes a setting whose value may also come from the file that `<NAME>_FILE` names (Docker and Kubernetes secrets). */
export const alsoFromFile = (description: string) => ({ description, file: true })
