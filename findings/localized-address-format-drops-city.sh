#!/bin/sh
# localized-address-format 1.3.3: an address in Japan, the Emirates or the Cayman Islands loses its city.
#
# Expected  What is given is printed, in the order of the country. A field for which the country has no place is put
#           somewhere, or the caller is told.
# Does      A country's pattern names some fields; the others are left out without a word. For these three `locality` is
#           not among them: the place is expected in `administrativeArea`, where a register with one column for the town
#           does not have it. The pattern does not depend on what was given: the field that was left empty does not make
#           room for the one that was filled.
# Source    The package: dist/addressFormats, patterns without `%C`, taken from the data of libaddressinput.
# Remedy    Look in the result for every field that was given, and lay out the address by hand when one is missing.
# Seen      AE  Erika Muster | Beach Road 1
#           JP  〒100-0001 | Chiyoda 1-1 | Erika Muster
#           KY  Erika Muster | North Church Street 1 | KY1-1104
#           DE  Erika Muster | Dorfstraße 1 | 83115 Neubeuern
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  localized-address-format@1.3.3 >/dev/null
cat >demo.mjs <<'END'
import { formatAddress } from 'localized-address-format'

const addresses = [
  { postalCountry: 'AE', addressLines: ['Beach Road 1'], locality: 'Dubai' },
  { postalCountry: 'JP', addressLines: ['Chiyoda 1-1'], locality: 'Tokyo', postalCode: '100-0001' },
  { postalCountry: 'KY', addressLines: ['North Church Street 1'], locality: 'George Town', postalCode: 'KY1-1104' },
  { postalCountry: 'DE', addressLines: ['Dorfstraße 1'], locality: 'Neubeuern', postalCode: '83115' },
]
const withCity = []
for (const address of addresses) {
  const lines = formatAddress({ ...address, name: 'Erika Muster' }).map((line) => line.trim())
  console.log(`${address.postalCountry}  ${lines.join(' | ')}`)
  if (lines.join(' ').includes(address.locality)) withCity.push(address.postalCountry)
}
const same = withCity.join() === 'DE'
console.log(same ? 'as described' : 'CHANGED: other countries lose the city')
process.exitCode = same ? 0 : 1
END
node demo.mjs
