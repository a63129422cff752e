import { isMap, isNode, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { knownKeys } from './schema.ts'

/** A fault within the file: where, and what mends it. */
export type Fault = { path: (string | number)[]; message: string }

/** A parsed file that knows on which line each value stands. */
export type YamlFile = { content: unknown; syntaxFaults: string[]; lineOf(path: readonly PropertyKey[]): number }

/** Parses YAML; syntax faults carry their line. */
export function parseYamlFile(path: string, text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number) => lines.linePos(offset).line
  const syntaxFaults = document.errors.map((error) => `${path}:${lineAt(error.pos[0])}: ${error.message}`)
  return {
    content: syntaxFaults.length > 0 ? undefined : document.toJS(),
    syntaxFaults,
    lineOf(place) {
      for (let length = place.length; length > 0; length--) {
        const parent = length === 1 ? document.contents : document.getIn(place.slice(0, length - 1), true)
        const offset = offsetOf(parent, place[length - 1])
        if (offset !== undefined) return lineAt(offset)
      }
      return 1
    },
  }
}

function offsetOf(parent: unknown, key: PropertyKey | undefined): number | undefined {
  if (!isNode(parent)) return undefined
  if (isMap(parent)) {
    const pair = parent.items.find((item) => String(item.key) === String(key))
    return (pair?.key as Node | undefined)?.range?.[0]
  }
  const item = 'items' in parent ? (parent.items as Node[])[Number(key)] : undefined
  return item?.range?.[0]
}

/** Translates zod's issues: unknown keys become faults of their own with the key that was probably meant. */
export function shapeFaults(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path as Fault['path']
    if (issue.code !== 'unrecognized_keys') return [{ path, message: messageOf(issue) }]
    const known = knownAt(path)
    return issue.keys.map((key) => {
      const meant = nearest(key, known)
      return {
        path: [...path, key],
        message: meant ? `is unknown; did you mean ${meant}?` : `is unknown; leave it out`,
      }
    })
  })
}

function knownAt(path: Fault['path']): readonly string[] {
  if (path.length === 0) return knownKeys.file
  if (path.length > 2) return knownKeys.reference
  return path[0] === 'resources' ? knownKeys.resource : knownKeys.client
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined && /undefined/.test(issue.message)) return 'is missing'
  if (issue.code === 'invalid_union')
    return 'must be { from: env:NAME } or { from: file:path }, or a list of at most two'
  return issue.message
}

function nearest(key: string, known: readonly string[]): string | undefined {
  const [best] = known.map((name) => ({ name, distance: distance(key, name) })).sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(2, Math.floor(key.length / 3)) ? best.name : undefined
}

/** Edits that turn one word into the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, right] of [...b].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}
