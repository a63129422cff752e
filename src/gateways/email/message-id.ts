const ours = /<?\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^<>\s]+>?/i

/** Takes our id of a message out of its Message-ID; undefined when it is not one of ours. */
export const ownId = (messageId: string | undefined): string | undefined =>
  new RegExp(`^${ours.source}$`, 'i').exec(messageId?.trim() ?? '')?.[1]?.toLowerCase()

/** Finds our id in the Message-ID of an e-mail that a text quotes. */
export const quotedOwnId = (text: string | undefined): string | undefined =>
  new RegExp(`^[> \\t]*Message-ID:\\s*${ours.source}`, 'im').exec(text ?? '')?.[1]?.toLowerCase()
