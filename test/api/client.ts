import createClient from 'openapi-fetch'
import type { Check } from './contract.ts'
import type { paths } from './generated/admin-api.ts'

/** A client of the HTTP API with the types that are generated from its document; each answer is held against the document, too. */
export const createTypedClient = (baseUrl: string, { check, token }: { check: Check; token(): Promise<string> }) =>
  createClient<paths>({
    baseUrl,
    async fetch(request) {
      request.headers.set('Authorization', `Bearer ${await token()}`)
      const response = await fetch(request)
      const text = await response.clone().text()
      const path = request.url.slice(baseUrl.length)
      const { status, headers } = response
      check(request.method, path, { status, headers, text, body: text ? JSON.parse(text) : {} })
      return response
    },
  })
