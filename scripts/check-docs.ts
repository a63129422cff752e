import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Holds the hand-written documents against the code: links, commands, log lines and addresses. */

type Document = { path: string; text: string }

const root = resolve(import.meta.dirname, '..')

/** Finds every fault of README, CHANGELOG and docs; each is one sentence that names the file. */
export function findFaults(folder: string): string[] {
  const documents = readDocuments(folder)
  const sources = sourceTexts(join(folder, 'src')).join('\n')
  return [
    ...documents.flatMap((document) => [
      ...linkFaults(folder, document),
      ...commandFaults(folder, document, sources),
      ...tableFaults(document, 'log line', (line) => occurs(line, sources)),
      ...tableFaults(document, 'address', (address) => isRoute(address, sources)),
    ]),
  ]
}

function readDocuments(folder: string): Document[] {
  const names = readdirSync(join(folder, 'docs'), { recursive: true, encoding: 'utf8' })
  const paths = ['README.md', 'CHANGELOG.md', ...names.map((name) => `docs/${name}`)].filter((path) =>
    path.endsWith('.md'),
  )
  return paths.map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }))
}

function sourceTexts(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const code = names.filter((name) => name.endsWith('.ts') && !/\.test(-support)?\.ts$/.test(name))
  return code.map((name) => readFileSync(join(folder, name), 'utf8'))
}

function linkFaults(folder: string, { path, text }: Document): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links
    .filter((link) => !/^(https?:|mailto:)/.test(link))
    .filter((link) => !leads(folder, path, link))
    .map((link) => `${path}: the link ${link} leads nowhere`)
}

function leads(folder: string, path: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file ? join(folder, dirname(path), file) : join(folder, path)
  if (!existsSync(target) || relative(folder, target).startsWith('..')) return false
  return !anchor || headings(readFileSync(target, 'utf8')).includes(anchor)
}

/** Anchors as GitHub makes them: lower case, punctuation gone, blanks to dashes. */
function headings(text: string): string[] {
  const titles = [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title)
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}

function commandFaults(folder: string, { path, text }: Document, sources: string): string[] {
  const scripts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts as Record<string, string>
  const named = [...text.matchAll(/npm run ([\w:-]+)(?: -- ([a-z]+:[a-z-]+))?/g)]
  return named.flatMap(([, script = '', command]) => {
    if (!scripts[script]) return [`${path}: package.json has no script ${script}`]
    if (script === 'cli' && command && !sources.includes(`'${command}'`))
      return [`${path}: the command line has no ${command}`]
    return []
  })
}

/** Every first cell of tables with this heading must pass; several in one cell are separated by blanks or dots. */
function tableFaults({ path, text }: Document, heading: string, holds: (cell: string) => boolean): string[] {
  const cells = tableRows(text, heading).flatMap(([first = '']) =>
    [...first.matchAll(/`([^`]+)`/g)].map(([, cell = '']) => cell),
  )
  return cells.filter((cell) => !holds(cell)).map((cell) => `${path}: the code knows no ${heading} ${cell}`)
}

/** A log line may hold `…` where the code puts a value. */
const occurs = (line: string, sources: string) => line.split('…').every((part) => sources.includes(part.trim()))

/** `POST /dev/clock` is looked for as a literal, with and without the prefix of the development router. */
function isRoute(address: string, sources: string): boolean {
  const path = address.replace(/^[A-Z]+ /, '').replace(/<(\w+)>/g, ':$1')
  return [path, path.replace(/^\/dev/, '')].some((literal) => sources.includes(`'${literal}'`))
}

/** Rows of the tables whose first heading is `heading`, as lists of trimmed cells. */
function tableRows(text: string, heading: string): string[][] {
  const rows: string[][] = []
  let within = false
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim())
      : undefined
    if (!cells) within = false
    else if (cells[0] === heading) within = true
    else if (within && !/^:?-+:?$/.test(cells[0] ?? '')) rows.push(cells)
  }
  return rows
}

const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '')

if (import.meta.main) {
  const faults = findFaults(root)
  for (const fault of faults) console.error(fault)
  process.exitCode = faults.length > 0 ? 1 : 0
}
