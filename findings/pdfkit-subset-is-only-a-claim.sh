#!/bin/sh
# pdfkit 0.20.2: `subset` writes that a file conforms, and nothing of what it would need.
#
# Expected  `subset: 'PDF/UA'` or `'PDF/A-2a'` sets what the standard demands, or refuses: a file that says it is
#           accessible is tagged (ISO 14289-1, 7.1), one for archives embeds its fonts (ISO 19005-2, 6.2.11.4).
# Does      The metadata names the standard, and that is all. The file has no tags, no language and no embedded font
#           unless each is asked for besides, and no error tells. With the default version 1.3 not even the metadata is
#           written: the option has no effect. A check that looks for the claim is content both with good and bad files.
# Source    The package, js/pdfkit.js: `initSubset` adds metadata; `tagged`, `lang`, `displayTitle` and `pdfVersion` are
#           options of their own.
# Remedy    Ask for all of it: `pdfVersion: '1.7', subset, tagged: true, lang, displayTitle: true`, and embed fonts;
#           prove it with a validator.
# Seen      PDF/UA               claimed: false, tagged: false, language: false, font embedded: false
#           PDF/UA, version 1.7  claimed: true, tagged: false, language: false, font embedded: false
#           PDF/A-2a, 1.7        claimed: true, tagged: false, language: false, font embedded: false
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  pdfkit@0.20.2 >/dev/null
cat >demo.mjs <<'END'
import { buffer } from 'node:stream/consumers'
import PDFDocument from 'pdfkit'

async function describe(options) {
  const printed = new PDFDocument({ compress: false, ...options })
  printed.text('Guten Tag')
  printed.end()
  const file = (await buffer(printed)).toString('latin1')
  const [claimed, tagged] = [/<pdf(ua|a)id:part>/.test(file), /\/Marked true/.test(file)]
  const [language, embedded] = [/\/Lang\b/.test(file), /\/FontFile/.test(file)]
  return `claimed: ${claimed}, tagged: ${tagged}, language: ${language}, font embedded: ${embedded}`
}
const seen = {
  'PDF/UA': await describe({ subset: 'PDF/UA' }),
  'PDF/UA, version 1.7': await describe({ subset: 'PDF/UA', pdfVersion: '1.7' }),
  'PDF/A-2a, 1.7': await describe({ subset: 'PDF/A-2a', pdfVersion: '1.7' }),
}
for (const [what, found] of Object.entries(seen)) console.log(`${what.padEnd(19)}  ${found}`)
const nothing = 'tagged: false, language: false, font embedded: false'
const described = [`claimed: false, ${nothing}`, `claimed: true, ${nothing}`, `claimed: true, ${nothing}`]
const same = Object.values(seen).join() === described.join()
console.log(same ? 'as described' : 'CHANGED: the option does more, or less, than claim')
process.exitCode = same ? 0 : 1
END
node demo.mjs
