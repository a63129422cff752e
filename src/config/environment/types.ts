import { z } from 'zod'
import { parseKeyRing } from '../../crypto/key-ring.ts'
import { parseNetworks } from '../../domain/network/networks.ts'
import { parseTrustedProxies } from '../../domain/network/trusted-proxies.ts'

/** A TCP port; 0 picks a free one. */
export const port = z.coerce.number().int().min(0).max(65535)
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
/** Reads a text by a function whose RangeError says what is wrong with it. */
const readBy = <T>(read: (text: string) => T) =>
  z.string().transform((text, context) => {
    try {
      return read(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })

/** Who stands between the clients and this process. */
export const trustedProxies = readBy(parseTrustedProxies)
export const keyRing = readBy(parseKeyRing)
/** Addresses and networks. */
export const networks = readBy(parseNetworks)

/** Describes a setting whose value may also come from the file that `<NAME>_FILE` names (Docker and Kubernetes secrets). */
export const alsoFromFile = (description: string) => ({ description, file: true })
