import type { TextParams, Translate } from '../../gateways/texts.ts'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Escapes a text for HTML content and quoted attributes. */
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

/**
 * Writes a text as HTML: `[words](/path)` becomes a link to a page of ours or to a channel of help, `**words**` bold.
 * Parameters are only ever shown: they come in after the marks are read, so that they cannot bring any.
 */
export function richText(translate: Translate, key: string, params: TextParams = {}): string {
  const values = Object.values(params).map(String)
  const places = Object.fromEntries(
    Object.entries(params).map(([name, value], index) => [
      name,
      typeof value === 'number' ? value : `\uE000${index}\uE001`,
    ]),
  )
  return escapeHtml(translate(key, places))
    .replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
    .replace(/\[([^\]]+)\]\(((?:\/(?!\/)|#|tel:|mailto:)[\w/@.+-]*)\)/g, '<a href="$2">$1</a>')
    .replace(/\uE000(\d+)\uE001/g, (_mark, index) => escapeHtml(values[Number(index)] ?? ''))
}
