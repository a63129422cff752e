import type { z } from 'zod'
import type { AdminScope } from '../domain/clients/scopes.ts'
import type { ProblemName } from './problem.ts'

/** The service that calls, and what its token may. */
export type Caller = { clientId: string; scopes: readonly string[] }

/** A request that has been checked: who calls, and what was sent, as the schemas read it. */
export type Call<Params, Query, Body> = {
  caller: Caller
  /** As the audit log names the caller. */
  actor: `client:${string}`
  params: Params
  query: Query
  body: Body
  /** The preconditions of RFC 9110 § 13, as they were sent. */
  ifMatch: string | undefined
  ifNoneMatch: string | undefined
}

/** `body` goes through the schema of its status: nothing else ever leaves. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

type Described = { description: string; schema?: z.ZodType; etag?: true; location?: true }

/** One operation of the API; the document and the routes are both made from it. */
export type Operation = {
  /** Names it in the document and in clients that are generated from that. */
  id: string
  method: 'get' | 'put' | 'post' | 'delete'
  /** Below `/admin/api/v1`, as OpenAPI writes it: `/clients/{client_id}`. */
  path: string
  summary: string
  /** null: for everybody, without a token. */
  scope: AdminScope | null
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** Reads If-Match and If-None-Match. */
  conditional?: true
  answers: Record<number, Described>
  /** Problems of its own, beside those that every operation has. */
  problems: readonly ProblemName[]
  handle(call: Call<unknown, unknown, unknown>): Promise<Answer>
}

type Typed<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Omit<
  Operation,
  'params' | 'query' | 'body' | 'handle'
> & {
  params?: P
  query?: Q
  body?: B
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answer>
}

/** Declares an operation, so that its handler knows the types of its schemas. */
export const operation = <
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(
  given: Typed<P, Q, B>,
): Operation => given as unknown as Operation
