/** A value of a body as it stands in the settings; texts in it may hold `{{name}}`. */
export type Template = string | number | boolean | null | readonly Template[] | { readonly [key: string]: Template }

const placeholder = /\{\{(\w+)\}\}/g

/**
 * Fills every `{{name}}` in the texts of a template. The structure is encoded afterwards (JSON or form), so that no
 * value can leave its place.
 */
export function fill(template: Template, values: Readonly<Record<string, string | number>>): Template {
  if (typeof template === 'string') return template.replace(placeholder, (_all, name) => String(values[name] ?? ''))
  if (Array.isArray(template)) return template.map((each) => fill(each, values))
  if (template === null || typeof template !== 'object') return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values)]))
}

/** Names of the placeholders in the texts of a template. */
export function placeholdersOf(template: Template): string[] {
  if (typeof template === 'string') return [...template.matchAll(placeholder)].map((match) => match[1] ?? '')
  if (template === null || typeof template !== 'object') return []
  return Object.values(template).flatMap(placeholdersOf)
}

/** Looks up a dotted path (`messages.0`) in parsed JSON. */
export function nodeAt(content: unknown, path: string): unknown {
  let value = content
  for (const key of path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** Looks up a dotted path (`messages.0.id`) in parsed JSON; texts and numbers only. */
export function valueAt(content: unknown, path: string): string | undefined {
  const value = nodeAt(content, path)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
