#!/bin/sh
# @fragaria/address-formatter 6.7.1: in Germany the name of a village takes the place of the town it belongs to.
#
# Expected  The line beside the postal code holds the town of the post, `city`. A part of it, given as `village`, stands
#           above the street (DIN 5008) or is left out: the letter arrives without it. German-speaking neighbours are
#           alike.
# Does      The German pattern, and the French, take `village` or `town` before `city` and leave the city out. With an
#           address of which both are known, as a register of addresses or a geocoder gives it, the letter goes to
#           `83115 Altenbeuern`: a postal code with the name of a part that is not the post's name of the place. Austria
#           and Switzerland print the city.
# Source    The package carries the templates of OpenCage: `src/templates/templates.json`, `DE`.
# Remedy    Leave `village` and `town` out when `city` is known.
# Seen      DE  Dorfstraße 3 | 83115 Altenbeuern
#           FR  3 Dorfstraße | 83115 Altenbeuern
#           AT  Dorfstraße 3 | 83115 Neubeuern
#           CH  Dorfstraße 3 | 83115 Neubeuern
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  @fragaria/address-formatter@6.7.1 >/dev/null
cat >demo.mjs <<'END'
import formatter from '@fragaria/address-formatter'

const address = { road: 'Dorfstraße', houseNumber: '3', village: 'Altenbeuern', city: 'Neubeuern', postcode: '83115' }
const towns = []
for (const countryCode of ['DE', 'FR', 'AT', 'CH']) {
  const lines = formatter.format({ ...address, countryCode }, { output: 'array' })
  console.log(`${countryCode}  ${lines.join(' | ')}`)
  towns.push(lines.at(-1).replace('83115 ', ''))
}
const same = towns.join() === 'Altenbeuern,Altenbeuern,Neubeuern,Neubeuern'
console.log(same ? 'as described' : 'CHANGED: another name stands beside the postal code')
process.exitCode = same ? 0 : 1
END
node demo.mjs
