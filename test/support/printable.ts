import { loadFonts } from '../../src/gateways/letters/pdf/pen.ts'
import { createToPrintable, type ToPrintable } from '../../src/gateways/letters/pdf/printable.ts'

/** Creates the rule that tells what a letter shows for a name or an address, by the fonts of the letters. */
export const loadToPrintable = (): ToPrintable => createToPrintable(loadFonts())
