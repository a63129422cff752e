#!/bin/sh
# feiertagejs 1.5.1 and date-holidays 3.37.0: whether 15 August is a holiday in Bavaria depends on the package.
#
# Expected  A package for German holidays, asked for Bavaria, tells the days on which no letter is handed to the post in
#           Bavaria. Two packages agree for a law that has not changed for decades.
# Does      Mariä Himmelfahrt is a holiday only in municipalities with more Catholics than Protestants (Art. 1 Abs. 1
#           Nr. 2 FTG): in Munich, not in Nuremberg. feiertagejs has it as a holiday of the whole state and no place
#           without it. date-holidays has it as an observance of the state, and as a holiday of a region `KATH` that has
#           to be asked for; but its `isHoliday` answers with observances too, so that the usual `if (isHoliday(day))`
#           holds on Valentine's Day as well.
# Source    Bayerisches Feiertagsgesetz (FTG), Art. 1; date-holidays, data/countries/DE.yaml; feiertagejs,
#           build/feiertage.js.
# Remedy    Decide 15 August by the place of the print shop; with date-holidays keep the type `public` only.
# Seen      15 August 2028, a Tuesday
#           feiertagejs BY         holiday
#           date-holidays BY       observance
#           date-holidays BY KATH  public
#           14 February 2028       feiertagejs: no holiday; date-holidays: observance
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  feiertagejs@1.5.1 date-holidays@3.37.0 >/dev/null
cat >demo.mjs <<'END'
import Holidays from 'date-holidays'
import feiertage from 'feiertagejs'

const noon = (day) => new Date(`${day}T12:00:00+01:00`)
const byFirst = (day) => (feiertage.isHoliday(noon(day), 'BY') ? 'holiday' : 'no holiday')
const bySecond = (day, ...region) => {
  const found = new Holidays('DE', ...region).isHoliday(noon(day))
  return found ? found.map(({ type }) => type).join() : 'no holiday'
}
const [assumption, valentine] = ['2028-08-15', '2028-02-14']
const seen = [
  byFirst(assumption),
  bySecond(assumption, 'BY'),
  bySecond(assumption, 'BY', 'KATH'),
  byFirst(valentine),
  bySecond(valentine, 'BY'),
]
console.log(`15 August 2028, a Tuesday
feiertagejs BY         ${seen[0]}
date-holidays BY       ${seen[1]}
date-holidays BY KATH  ${seen[2]}
14 February 2028       feiertagejs: ${seen[3]}; date-holidays: ${seen[4]}`)
const same = seen.join() === 'holiday,observance,public,no holiday,observance'
console.log(same ? 'as described' : 'CHANGED: the packages answer otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
