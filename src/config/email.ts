import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Environment } from './environment.ts'

const dkimNames = ['SMTP_DKIM_DOMAIN', 'SMTP_DKIM_SELECTOR', 'SMTP_DKIM_KEY'] as const

/** Finds what is wrong with the settings of e-mail. */
export function emailFaults(environment: Environment): string[] {
  const faults: string[] = []
  const given = dkimNames.filter((name) => environment[name])
  if (given.length > 0 && given.length < dkimNames.length)
    faults.push(`${dkimNames.filter((name) => !given.includes(name)).join(' and ')} must be set too, for DKIM`)
  if (environment.SMTP_DKIM_KEY && !isStrongRsaKey(environment.SMTP_DKIM_KEY))
    faults.push('SMTP_DKIM_KEY must be a private RSA key in PEM of 2048 bits or more')
  if (environment.SMTP_CA_FILE && !readOrUndefined(environment.SMTP_CA_FILE)?.includes('BEGIN CERTIFICATE'))
    faults.push(`SMTP_CA_FILE names ${environment.SMTP_CA_FILE}, which holds no certificate in PEM or cannot be read`)
  return faults
}

/** Reads the settings of e-mail; `url` is unset where e-mails go to the postbox. */
export function loadEmail(environment: Environment) {
  const { SMTP_DKIM_DOMAIN: domainName, SMTP_DKIM_SELECTOR: keySelector, SMTP_DKIM_KEY: privateKey } = environment
  return {
    url: environment.SMTP_URL,
    tls: environment.SMTP_TLS,
    ca: environment.SMTP_CA_FILE ? readOrUndefined(environment.SMTP_CA_FILE) : undefined,
    envelopeFrom: environment.SMTP_ENVELOPE_FROM,
    dkim: domainName && keySelector && privateKey ? { domainName, keySelector, privateKey } : undefined,
    bounceSecret: environment.EMAIL_BOUNCE_SECRET,
  }
}

/** The mail library signs with RSA only, and sends unsigned when it cannot use a key. */
function isStrongRsaKey(pem: string): boolean {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  } catch {
    return false
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
