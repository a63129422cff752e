import { expect, it } from 'vitest'
import { richText } from './rich-text.ts'

const write = (text: string, params?: Record<string, string | number>) =>
  richText((_key, given = {}) => text.replace(/\{\{(\w+)\}\}/g, (_all, name) => String(given[name])), 'any', params)

it('writes links to our own pages and bold words', () => {
  expect(write('Zur [Hilfe](/hilfe), **jetzt**')).toBe('Zur <a href="/hilfe">Hilfe</a>, <strong>jetzt</strong>')
})

it('escapes the text and whatever comes in', () => {
  expect(write('a < b & "{{name}}"', { name: '<script>' })).toBe('a &lt; b &amp; &#34;&lt;script&gt;&#34;')
})

it('lets parameters bring no marks of their own', () => {
  expect(write('**{{name}}**', { name: '[x](/hilfe) **y**' })).toBe('<strong>[x](/hilfe) **y**</strong>')
})

it('links to nothing but pages of ours and channels of help', () => {
  expect(write('[x](javascript:alert) [y](https://example.org) [z](tel:+498002767676)')).toBe(
    '[x](javascript:alert) [y](https://example.org) <a href="tel:+498002767676">z</a>',
  )
  expect(write('[x](//example.org)')).not.toContain('<a')
})
