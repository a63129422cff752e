#!/bin/sh
# pdfkit 0.20.2: a soft hyphen that is not needed is printed, or splits the word for a screen reader.
#
# Expected  U+00AD marks where a word may be broken and is invisible elsewhere (Unicode Standard Annex 14, class BA).
#           Read back from the PDF the word is whole.
# Does      With a built-in font each soft hyphen is drawn, as a hyphen in the middle of a word in the middle of a line.
#           With an embedded font nothing is seen, but in the text it is a space of no width: copying, searching and
#           reading aloud find two words, in a PDF/UA letter as well.
# Source    fontkit, `hideDefaultIgnorables`: the glyph is replaced by that of the space, which pdfkit then maps to
#           U+0020; built-in fonts are written in WinAnsi, where 0xAD is a hyphen.
# Remedy    Take U+00AD out of a text before it is drawn.
# Seen      built-in font  Kranken-versicherung
#           embedded font  Kranken versicherung
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  pdfkit@0.20.2 dejavu-fonts-ttf@2.37.3 pdfjs-dist@5.6.205 >/dev/null
cat >demo.mjs <<'END'
import { buffer } from 'node:stream/consumers'
import PDFDocument from 'pdfkit'

console.warn = () => {} // pdf.js asks for a canvas, which reading text does not need
const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs')

async function printAndRead(font) {
  const printed = new PDFDocument()
  if (font) printed.font(font)
  printed.text('Kranken\u00adversicherung')
  printed.end()
  const file = await getDocument({ data: new Uint8Array(await buffer(printed)), verbosity: 0 }).promise
  const { items } = await (await file.getPage(1)).getTextContent()
  return items.map(({ str }) => str).join('')
}
const builtIn = await printAndRead()
const embedded = await printAndRead('node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
console.log(`built-in font  ${builtIn}\nembedded font  ${embedded}`)
const same = builtIn === 'Kranken-versicherung' && embedded === 'Kranken versicherung'
console.log(same ? 'as described' : 'CHANGED: a soft hyphen is drawn or read otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
