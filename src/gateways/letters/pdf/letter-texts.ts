import { load } from 'js-yaml'
import { z } from 'zod'
import {
  type KindOf,
  type LetterForm,
  type LetterPurposes,
  letterPurposes,
  printedContents,
} from '../../../domain/letters/purposes.ts'

const placeholders = [
  'address',
  'branch',
  'count',
  'email',
  'happenedOn',
  'id',
  'insurer',
  'lastDay',
  'maskedMobile',
  'name',
  'page',
  'pages',
  'phone',
  'phoneNote',
  'registeredOn',
  'registeredTime',
] as const

export type Placeholder = (typeof placeholders)[number]
export type TextValues = Partial<Record<Placeholder, string>>

const known = new Set<string>(placeholders)
const placeholder = /\{\{(\w+)\}\}/g

const text = z
  .string()
  .min(1)
  .superRefine((value, context) => {
    for (const [, name] of value.matchAll(placeholder)) {
      if (!known.has(name!)) context.addIssue({ code: 'custom', message: `unknown placeholder {{${name}}}` })
    }
    if (value.split('**').length % 2 === 0) context.addIssue({ code: 'custom', message: 'a ** is not closed' })
  })

const body = {
  title: text,
  intro: text,
  stepsHeading: text,
  steps: z.array(text).min(1),
  qrAlternative: text,
  qrCaption: text,
  notYouHeading: text,
  notYou: text,
}

/** What each form of letters says (`domain/letters/purposes.ts`). */
const forms = {
  codes: z.strictObject({
    ...body,
    codeLabel: text,
    validUntil: text,
    afterwards: text,
    several: z.strictObject({
      intro: text,
      registered: text,
      mobile: text,
      steps: z.array(text).min(1),
      notYou: text,
    }),
  }),
  attempts: z.strictObject({
    ...body,
    account: text,
    several: z.strictObject({ intro: text, registration: text }),
  }),
  notice: z.strictObject({ ...body, account: text }),
} satisfies Record<LetterForm, z.ZodType>

type TextsOf<Form extends LetterForm> = z.infer<(typeof forms)[Form]>
export type LetterTexts = z.infer<typeof common> & { [Form in LetterForm as KindOf<Form>]: TextsOf<Form> }

const common = z.strictObject({
  language: z.string(),
  addressNote: text,
  salutation: text,
  closing: text,
  signature: text,
  pageOf: text,
  letterId: text,
  info: z.strictObject({ phone: text, email: text, date: text }),
  help: z.strictObject({ heading: text, intro: text, phone: text, branch: text, email: text }),
})

/**
 * Reads the letter texts from the YAML of `config/letters/<language>.yaml`: those of every content that the table of purposes may
 * print, in the words of its form. Throws a ZodError naming every wrong entry.
 */
export function parseLetterTexts(source: string, purposes: LetterPurposes = letterPurposes): LetterTexts {
  const kinds = printedContents(purposes).map(([kind, { form }]) => [kind, forms[form]])
  return common.extend(Object.fromEntries(kinds)).parse(load(source)) as LetterTexts
}

/** Puts the values into a text; throws when the text asks for one that this letter does not have. */
export function fillText(template: string, values: TextValues): string {
  return template.replace(placeholder, (_, name: string) => {
    const value = values[name as Placeholder]
    if (value === undefined) throw new Error(`letter text needs {{${name}}}, which this letter does not have`)
    return value
  })
}

const longDate = new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeZone: 'UTC' })

/** Writes a day as the letters and pages do: `2027-03-12` becomes `12. März 2027`; throws a RangeError for other input. */
export function germanDate(day: string): string {
  return longDate.format(new Date(`${day}T00:00:00Z`))
}
