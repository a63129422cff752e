/** An error of oidc-provider: words by RFC 6749, what it means, and a detail for the operator. */
type ProtocolError = Error & { error?: string; error_description?: string; error_detail?: string }

/** Descriptions of oidc-provider that end with what the requester sent, cut before it. */
const fixedStarts = [/^only \S+ content-type bodies are supported/, /^origin(?= .* not allowed)/]

/**
 * Tells what is wrong with a request in words of the code alone. oidc-provider takes the message of a foreign fault for its
 * detail, and parsers quote what they could not read: of such a fault only the name and code are told.
 */
export function wordsOf(error: ProtocolError): Record<string, string | undefined> {
  const { error_description: description = '', error_detail: detail, cause } = error
  const quoted = cause instanceof Error && cause.message === detail
  return {
    error: error.error,
    description: fixed(fixedStarts.map((start) => start.exec(description)?.[0]).find(Boolean) ?? description),
    detail: quoted || detail === undefined ? undefined : fixed(detail),
    fault: cause instanceof Error ? ((cause as { code?: string }).code ?? cause.name) : undefined,
  }
}

/** Words of ours that hold other signs or a number: of the refusals of a secret, of PKCE, of parameters that are too long. */
const ours = new Set(['+', 'code_challenge_method=S256', '2048', '8192'])

/** Lets words and names of parameters through; anything with other signs in it could be somebody's. */
const fixed = (text: string) =>
  text.replace(/[^\s]*[^\s\w.,:;()'`-][^\s]*|\S*\d{3,}\S*/g, (word) => (ours.has(word) ? word : '…'))
