import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { loadConfigFiles } from './files.ts'

/** Members of the European Union, then of the European Economic Area beside it, then Switzerland (2026). */
const union = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ')
const others = ['IS', 'LI', 'NO', 'CH']

it('SMS go to the EEA and Switzerland unless an operator says otherwise, and NO is a country', () => {
  const { mobileCountries } = loadConfigFiles(fileURLToPath(new URL('../../config', import.meta.url))).insurer
  expect(union).toHaveLength(27)
  expect([...mobileCountries].sort()).toEqual([...union, ...others].sort())
})
