import { isLoopbackHost, isLoopbackUrl } from '../../domain/network/loopback.ts'
import { trustsAny } from '../../domain/network/trusted-proxies.ts'
import { fault, type Rule } from './rule.ts'

const instead = 'set NODE_ENV=production, or SANDBOX=true for a sandbox with demo persons only'

/**
 * Development shows its post to whoever reaches it, so it stays on this machine. A proxy is trusted only where development was asked for by
 * name: a service behind one whose NODE_ENV was forgotten must not start as a demo.
 */
export const developmentRule: Rule = ({ environment: { HOST, ISSUER, TRUST_PROXY, SANDBOX }, variables }) =>
  SANDBOX
    ? []
    : [
        ...fault(
          !isLoopbackHost(HOST),
          'HOST',
          `HOST=${HOST} would show the development postbox to the network; ${instead}`,
        ),
        ...fault(
          ISSUER && !isLoopbackUrl(ISSUER),
          'ISSUER',
          `ISSUER names another host than this machine, where development would show its postbox; ${instead}`,
        ),
        ...fault(
          trustsAny(TRUST_PROXY) && !variables.NODE_ENV,
          'TRUST_PROXY',
          `TRUST_PROXY is set and NODE_ENV is not: a proxy would lead others to the development postbox; ${instead}, or NODE_ENV=development to try a proxy on this machine`,
        ),
      ]
