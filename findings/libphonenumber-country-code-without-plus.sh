#!/bin/sh
# libphonenumber-js 1.13.16: a German mobile number typed with 49 and no plus is a valid landline number.
#
# Expected  "4915112345678", read with Germany as the default country, is +49 151 12345678: the library knows that it
#           begins with the country code and that what is left is a mobile number. Failing that it is not valid, and the
#           person is asked again.
# Does      The digits are taken for a national number: +49 49151 12345678, valid, of type FIXED_LINE, although the same
#           digits behind a plus are a valid mobile number. German landline numbers have no fixed length, so nothing is
#           too long. With the small metadata `isValid` says yes and no type is known: the code goes nowhere.
# Source    The package, parse of a number with `defaultCountry`: a country code without plus is only looked for when
#           the national reading fails.
# Remedy    When the reading is no mobile number, read once more with a plus in front, and take that if it is one.
# Seen      4915112345678   ->  +494915112345678 FIXED_LINE valid: true; small metadata: undefined valid: true
#           +4915112345678  ->  +4915112345678 MOBILE valid: true; small metadata: undefined valid: true
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  libphonenumber-js@1.13.16 >/dev/null
cat >demo.mjs <<'END'
import { parsePhoneNumberFromString as parseByAll } from 'libphonenumber-js/max'
import { parsePhoneNumberFromString as parseBySmall } from 'libphonenumber-js/min'

const seen = []
for (const typed of ['4915112345678', '+4915112345678']) {
  const [number, small] = [parseByAll(typed, 'DE'), parseBySmall(typed, 'DE')]
  const read = `${number.number} ${number.getType()} valid: ${number.isValid()}`
  console.log(`${typed.padEnd(14)}  ->  ${read}; small metadata: ${small.getType()} valid: ${small.isValid()}`)
  seen.push(read)
}
const same = seen.join() === '+494915112345678 FIXED_LINE valid: true,+4915112345678 MOBILE valid: true'
console.log(same ? 'as described' : 'CHANGED: a country code without plus is read otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
