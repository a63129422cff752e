import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { clientsJsonSchema } from '../../scripts/clients-schema.ts'
import { clientsFileSchema } from '../../src/config/clients/schema.ts'

const path = 'config/clients.schema.json'
const shipped = ['config/clients.yaml', 'config/demo/clients.yaml']
const read = (file: string) => readFileSync(file, 'utf8')

// The rules of e-mail addresses are a pattern beside the format.
const takes = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(read(path)))

test('the schema that editors read is the one that checks the file', () => {
  expect(read(path)).toBe(clientsJsonSchema())
})

test.each(shipped)('%s names it, and passes', (file) => {
  const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(file)) ?? []
  expect(resolve(dirname(file), named)).toBe(resolve(path))
  expect(takes(parse(read(file)))).toBe(true)
})

const entry = { client_id: 'portal', name: 'Portal', kind: 'web' }

test.each<[string, object]>([
  ['a key that is misspelt', { clients: [{ ...entry, redirect_uri: ['https://portal.example/'] }] }],
  ['a secret that stands in the file', { clients: [{ ...entry, client_secret: 'geheim' }] }],
  ['a reference that is none', { clients: [{ ...entry, client_secret: { from: 'geheim' } }] }],
  ['a kind that there is not', { clients: [{ ...entry, kind: 'mobile' }] }],
  ['a name that is missing', { clients: [{ client_id: 'portal', kind: 'web' }] }],
  ['a contact that is no address', { clients: [{ ...entry, contacts: ['team'] }] }],
  ['a file without applications', { resources: [] }],
])('%s is marked in the editor as at the start', (_, content) => {
  expect(clientsFileSchema.safeParse(content).success).toBe(false)
  expect(takes(content)).toBe(false)
})

test('what is usual may be left out, and every key says what it is', () => {
  expect(takes({ clients: [{ ...entry, client_secret: [{ from: 'env:A' }, { from: 'file:b' }] }] })).toBe(true)
  const silent: string[] = []
  const look = (schema: { properties?: object; items?: object; anyOf?: object[] }, at: string): void => {
    for (const [key, each] of Object.entries(schema.properties ?? {})) {
      if (!each.description) silent.push(`${at}.${key}`)
      look(each, `${at}.${key}`)
    }
    for (const each of [schema.items, ...(schema.anyOf ?? [])]) if (each) look(each, at)
  }
  look(JSON.parse(read(path)), '')
  expect(silent).toEqual([])
})
