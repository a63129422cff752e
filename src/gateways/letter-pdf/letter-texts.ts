import { parse } from 'yaml'
import { z } from 'zod'

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

const letterTextsSchema = z.strictObject({
  language: z.string(),
  addressNote: text,
  salutation: text,
  closing: text,
  signature: text,
  pageOf: text,
  letterId: text,
  info: z.strictObject({ phone: text, email: text, date: text }),
  help: z.strictObject({ heading: text, intro: text, phone: text, branch: text, email: text }),
  unlock_code: z.strictObject({
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
  account_exists: z.strictObject({
    ...body,
    account: text,
    several: z.strictObject({ intro: text, registration: text }),
  }),
  mobile_replaced: z.strictObject({ ...body, account: text }),
  account_ended: z.strictObject({ ...body, account: text }),
})

export type LetterTexts = z.infer<typeof letterTextsSchema>

/** Reads the letter texts from the YAML of `config/letters/<language>.yaml`; throws a ZodError naming every wrong entry. */
export function parseLetterTexts(source: string): LetterTexts {
  return letterTextsSchema.parse(parse(source))
}

/** Puts the values into a text; throws when the text asks for one that this letter does not have. */
export function fillText(template: string, values: TextValues): string {
  return template.replace(placeholder, (_, name: string) => {
    const value = values[name as Placeholder]
    if (value === undefined) throw new Error(`letter text needs {{${name}}}, which this letter does not have`)
    return value
  })
}

/** Writes a day as the letters and pages do: `2027-03-12` becomes `12. März 2027`; throws a RangeError for other input. */
export function germanDate(day: string): string {
  return new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))
}
