import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findFaults } from '../../scripts/check-docs.ts'

let folder: string

const sources = `router.get('/health')
router.post('/clock')
log.error(\`Port \${port} is in use\`)
export const verify = { name: 'audit:verify' }`

/** A small project without faults; each test plants one. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docs-'))
  for (const name of ['docs/decisions', 'src']) mkdirSync(join(folder, name), { recursive: true })
  write('package.json', JSON.stringify({ scripts: { cli: 'node src/cli.ts' } }))
  write('src/a.ts', sources)
  write('README.md', '[operate](docs/operate.md#at-night) and `npm run cli -- audit:verify`')
  write('CHANGELOG.md', '')
  write('docs/operate.md', '## At night\n')
})

afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

test('the small project has no faults', () => {
  expect(findFaults(folder)).toEqual([])
})

test.each([
  ['[gone](docs/gone.md)', 'README.md: the link docs/gone.md leads nowhere'],
  ['[no heading](docs/operate.md#by-day)', 'README.md: the link docs/operate.md#by-day leads nowhere'],
  ['[outside](../package.json)', 'README.md: the link ../package.json leads nowhere'],
  ['`npm run fly`', 'README.md: package.json has no script fly'],
  ['`npm run cli -- audit:forget`', 'README.md: the command line has no audit:forget'],
  [
    '| log line | means |\n|---|---|\n| `Port … is on fire` | |',
    'README.md: the code knows no log line Port … is on fire',
  ],
  ['| address | does |\n|---|---|\n| `POST /dev/watch` | |', 'README.md: the code knows no address POST /dev/watch'],
])('%s is a fault', (text, fault) => {
  write('README.md', text)
  expect(findFaults(folder)).toEqual([fault])
})

test('links in code, addresses of other hosts, known log lines and addresses are none', () => {
  write(
    'README.md',
    [
      '```md\n[x](gone.md)\n```',
      '[y](https://example.org/gone)',
      '| log line |\n|---|\n| `Port … is in use` |\n',
      '| address |\n|---|\n| `GET /health` |\n| `POST /dev/clock` |',
    ].join('\n\n'),
  )
  expect(findFaults(folder)).toEqual([])
})
