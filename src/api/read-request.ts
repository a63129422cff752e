import type { Context } from 'koa'
import type { z } from 'zod'
import { readRawBody } from '../http/hooks/signed-webhook.ts'
import type { Operation } from './operation.ts'
import { type ContentFault, Problem } from './problem.ts'

/**
 * Reads what an operation takes: parts of the path, query, body. An id that can be none is of nothing there is; fields that nobody knows
 * are refused, so that none is set by the way.
 * @throws Problem
 */
export async function readRequest(operation: Operation, ctx: Context, params: Record<string, string>, limit: number) {
  const parts = operation.params?.safeParse(params)
  if (parts?.error) throw new Problem('not-found')
  const text = operation.body && (await readJson(ctx, limit))
  return {
    params: parts?.data,
    query: parse(operation.query, readQuery(ctx), ''),
    body: operation.body && parse(operation.body, text?.value, ''),
    text: text?.raw ?? '',
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, at: string): unknown {
  if (!schema) return undefined
  const read = schema.safeParse(value)
  if (read.success) return read.data
  throw new Problem('invalid', { errors: read.error.issues.flatMap((issue) => faultsOf(issue, at)) })
}

function faultsOf(issue: z.core.$ZodIssue, at: string): ContentFault[] {
  const place = (path: readonly PropertyKey[]) => at + path.map((part) => `/${escapePart(String(part))}`).join('')
  // Names what is too much: it is the caller's own, and no value.
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: place([...issue.path, key]), detail: 'is no field of this' }))
  return [{ pointer: place(issue.path), detail: issue.message }]
}

/** RFC 6901 § 3. */
const escapePart = (part: string) => part.slice(0, 80).replaceAll('~', '~0').replaceAll('/', '~1')

function readQuery(ctx: Context): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(ctx.querystring)) {
    if (Object.hasOwn(query, name)) throw new Problem('bad-request', { detail: 'a parameter is repeated' })
    query[name] = value
  }
  return query
}

async function readJson(ctx: Context, limit: number): Promise<{ raw: string; value: unknown }> {
  if (!ctx.is('application/json') || ctx.get('Content-Encoding')) throw new Problem('unsupported-media-type')
  const body = await readRawBody(ctx.req, limit).catch(() => {
    throw new Problem('bad-request', { detail: 'body ended early' })
  })
  if (!body) throw new Problem('too-large')
  const raw = body.toString('utf8')
  try {
    return { raw, value: JSON.parse(raw) }
  } catch {
    // The parser's own words would quote what was sent.
    throw new Problem('bad-request', { detail: 'body is no JSON' })
  }
}
