import { readFileSync } from 'node:fs'
import { create } from 'qrcode'
import { describe, expect, it } from 'vitest'
import { createLetterPdf, type LetterContent, type LetterInsurer, parseLetterTexts } from './letter-pdf.ts'
import type { AttemptsLetter, CodesLetter } from './pdf/letter-content.ts'
import { type PlacedText, readPages, readRectangles } from './pdf/read-pdf.test-support.ts'

const insurer: LetterInsurer = {
  name: 'AOK Bayern – Die Gesundheitskasse',
  shortName: 'AOK Bayern',
  slogan: 'Einfach nah. Meine AOK.',
  senderLine: 'AOK Bayern · Musterstraße 1 · 80000 München',
  help: {
    phone: '0800 2 767676',
    phoneNote: 'kostenfrei',
    email: 'info@service.by.aok.de',
    branchText: 'Besuchen Sie uns in Ihrer Geschäftsstelle vor Ort.',
  },
}
const texts = parseLetterTexts(readFileSync(new URL('../../../config/letters/de.yaml', import.meta.url), 'utf8'))
const pdf = createLetterPdf({ insurer, texts })

const common = {
  recipient: { name: 'Erika Mustermann', street: 'Musterweg 12', postalCode: '80331', city: 'München' },
  date: '2027-03-12',
  largePrint: false,
}
const registration = { registeredOn: '2027-03-08', registeredTime: '10:02', maskedMobile: '+49 151 ••••• 71' }
const unlockCode: CodesLetter = {
  ...common,
  id: 'L-0001',
  kind: 'unlock_code',
  codes: [{ ...registration, code: '7K3M-Q0B8-ZR2S' }],
  lastDay: '2027-04-11',
  url: 'https://bayern.meine.aok.de/anmeldung',
}
const accountExists: AttemptsLetter = {
  ...common,
  id: 'L-0002',
  kind: 'account_exists',
  registrations: [registration],
  url: 'https://bayern.meine.aok.de/hilfe',
}
const longAddress = {
  name: 'Prof. Dr. Wilhelmine-Charlotte Gräfin von Hohenfürstenstein-Ołeśnicką zu Şahinoğlu-Dvořáková',
  addition: 'c/o Wohngemeinschaft „Am Großen Weißbach“, Haus 3, Aufgang B, 4. Stock',
  street: 'Bürgermeister-Maximilian-Obermüller-Straße 128 1/2 b',
  postalCode: '97999',
  city: 'Markt Sankt Florian am Inn',
  country: 'FR',
}

const read = async (...letters: LetterContent[]) => readPages(await pdf.render(letters))
const words = (page: PlacedText[]) =>
  page
    .map(({ text }) => text)
    .join(' ')
    .replace(/\s+/g, ' ')
const find = (page: PlacedText[], text: string) => page.find((run) => run.text === text)!
/** The part of the window that holds the recipient: below return address and note (DIN 5008 form B). */
const inRecipientZone = ({ x, y }: PlacedText) => x >= 20 && x < 105 && y > 62.7 && y <= 90

describe('the unlock letter', () => {
  it('has the recipient, and nothing else, in the window of DIN 5008 form B', async () => {
    const [page] = await read(unlockCode)
    expect(page!.filter(inRecipientZone).map(({ text }) => text)).toEqual([
      'Erika Mustermann',
      'Musterweg 12',
      '80331 München',
    ])
    const window = page!.filter(({ x, y }) => x < 105 && y > 45 && y <= 90)
    for (const run of window) {
      expect(run.x, run.text).toBeCloseTo(25, 3)
      expect(run.end, run.text).toBeLessThanOrEqual(105)
    }
    expect(find(page!, insurer.senderLine).y).toBeLessThan(50)
    expect(find(page!, '12. März 2027').x).toBeGreaterThanOrEqual(125)
  })

  it('prints one name, and an address without a postal code, without blanks in their place', async () => {
    const recipient = { name: 'Sukarno', street: 'Al Wasl 7', postalCode: '', city: 'Dubai', country: 'AE' }
    const [page] = await read({ ...unlockCode, recipient })
    const inWindow = page!.filter(inRecipientZone).map(({ text }) => text.trimEnd())
    expect(inWindow).toEqual(['Sukarno', 'Al Wasl 7', 'Dubai', 'VEREINIGTE ARABISCHE EMIRATE'])
    expect(words(page!)).toContain('Guten Tag Sukarno,')
  })

  it('shows a letter that the font lacks without its mark, in window and salutation', async () => {
    const recipient = { ...common.recipient, name: 'Erika Mu\u0363ster' }
    const [page] = await read({ ...unlockCode, recipient })
    expect(words(page!).match(/Erika Muster/g)).toHaveLength(2)
  })

  it.each(['name', 'street', 'city'] as const)('is not printed when no font draws a letter of: %s', async (part) => {
    const recipient = { ...common.recipient, [part]: '北京' }
    await expect(read({ ...unlockCode, recipient })).rejects.toThrow(
      `letter L-0001: no font draws a letter of: ${part}`,
    )
  })

  it('does not begin with texts of the insurer that the font cannot draw', () => {
    const faulty = { ...texts, unlock_code: { ...texts.unlock_code, afterwards: 'Danach 北京' } }
    expect(() => createLetterPdf({ insurer, texts: faulty })).toThrow('texts.unlock_code.afterwards')
    expect(() => createLetterPdf({ insurer: { ...insurer, slogan: '北京' }, texts })).toThrow('insurer.slogan')
  })

  it('says the code in 20 pt between the folds, the last day, the registration and the help channels', async () => {
    const pages = await read(unlockCode)
    expect(pages).toHaveLength(1)
    const code = find(pages[0]!, '7K3M-Q0B8-ZR2S')
    expect(code.size).toBe(20)
    expect(code.y).toBeGreaterThan(105 + 10)
    expect(code.y).toBeLessThan(210)
    const text = words(pages[0]!)
    expect(text).toContain('Gültig bis einschließlich 11. April 2027')
    expect(text).toContain('Die Registrierung ist vom 8. März 2027, angegeben wurde die Mobilnummer +49 151 ••••• 71.')
    expect(text).toContain('Falls Sie das nicht waren')
    for (const step of ['1. ', '2. ', '3. ', '4. ']) expect(text).toContain(` ${step}`)
    for (const channel of [insurer.help.phone, insurer.help.email, insurer.help.branchText]) {
      expect(text).toContain(channel)
    }
    expect(find(pages[0]!, 'Brief L-0001').size).toBeLessThan(8)
  })

  it('carries the address of the sign-in page, without the code, as a QR code in vector squares', async () => {
    const [rectangles] = readRectangles(await pdf.render([unlockCode]))
    const { modules } = create('https://bayern.meine.aok.de/anmeldung', { errorCorrectionLevel: 'M' })
    const cell = ((27 / 25.4) * 72) / modules.size
    const cells = rectangles!.filter(({ height }) => Math.abs(height - cell) < 0.01)
    const dark = cells.reduce((sum, { width }) => sum + Math.round(width / cell), 0)
    expect(dark).toBe(modules.data.reduce((sum, bit) => sum + Number(bit), 0))
  })

  it('keeps every line within the margins and above the foot, with a glyph for every letter', async () => {
    const variants = [unlockCode, accountExists].flatMap((letter) =>
      [false, true].flatMap((largePrint) => [
        { ...letter, largePrint },
        { ...letter, largePrint, recipient: longAddress },
      ]),
    )
    for (const run of (await read(...variants)).flat()) {
      expect(run.end, run.text).toBeLessThanOrEqual(190.01)
      expect(run.y, run.text).toBeLessThanOrEqual(288.01)
      expect(run.missingGlyph, run.text).toBe(false)
    }
  })
})

describe('addresses', () => {
  it('breaks long lines within the window and puts the country last, in capitals', async () => {
    const [page] = await read({ ...unlockCode, recipient: longAddress })
    const zone = page!.filter(inRecipientZone)
    expect(zone.map(({ text }) => text).join(' ')).toBe(
      `${longAddress.name} ${longAddress.addition} ${longAddress.street} 97999 Markt Sankt Florian am Inn FRANKREICH`,
    )
    expect(zone.length).toBeLessThanOrEqual(6)
    for (const run of zone) expect(run.end, run.text).toBeLessThanOrEqual(105)
  })

  it.each(['DE', 'Deutschland', ' ', null])('leaves out the country %j', async (country) => {
    const [page] = await read({ ...unlockCode, recipient: { ...common.recipient, country } })
    expect(page!.filter(inRecipientZone)).toHaveLength(3)
  })

  it('prints the Latin letters of DIN 91379 beyond Latin-1', async () => {
    const name = 'Łukasz Číž Şahin Ğöçer Țîșă Đặng Nguyễn Øß Ŋá ẞ Ħ ǧ ỹ m̂ „“'
    const [page] = await read({ ...unlockCode, recipient: { ...common.recipient, name } })
    const line = page!.filter(inRecipientZone).map(({ text }) => text)
    expect(line.join(' ').normalize('NFC')).toContain(name.normalize('NFC'))
    expect(page!.some(({ missingGlyph }) => missingGlyph)).toBe(false)
  })

  it('refuses an address that fits at no readable size, naming the letter', async () => {
    const recipient = { ...common.recipient, name: 'Wort '.repeat(200) }
    await expect(pdf.render([{ ...unlockCode, recipient }])).rejects.toThrow('letter L-0001: the address does not fit')
  })
})

describe('the letter for an existing account', () => {
  it('says that an account exists, how to get back in, and what to do when it was somebody else', async () => {
    const pages = await read(accountExists)
    expect(pages).toHaveLength(1)
    const text = words(pages[0]!)
    expect(text).toContain('am 8. März 2027 hat jemand versucht, sich mit Ihrer Versichertennummer')
    expect(text).toContain('Sie haben bereits ein Konto.')
    expect(text).toContain('„Passwort vergessen“')
    expect(text).toContain('An Ihrem Konto hat sich nichts geändert')
    expect(text).toContain(insurer.help.phone)
    expect(text).not.toContain('Freischaltcode')
  })
})

/** A code of its own for each registration, made to be told apart. */
const severalCodes = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    registeredOn: `2027-03-0${1 + (n % 9)}`,
    registeredTime: `1${n % 10}:0${n % 6}`,
    maskedMobile: `+49 15${n % 10} ••••• ${10 + n}`,
    code: `AAAA-BBBB-${String(1000 + n)}`,
  }))

describe('an unlock letter of several registrations', () => {
  it.each([2, 3, 6, 12, 60])('has each of %i codes whole in a frame with its day, time and number', async (count) => {
    const codes = severalCodes(count)
    const pages = await read({ ...unlockCode, codes })
    const placed = pages.flatMap((page, index) => page.map((run) => ({ ...run, page: index })))
    for (const { code, registeredTime, maskedMobile } of codes) {
      const at = placed.find(({ text }) => text === code)
      expect(at, code).toBeDefined()
      expect(at?.size).toBe(20)
      // What tells whose it is stands right above it.
      const above = placed.filter(
        ({ page, x, y, end }) =>
          at && page === at.page && x >= at.x - 1 && end <= 190 && y < at.y && y > at.y - 16 && x < at.x + 75,
      )
      const label = above.map(({ text }) => text).join(' ')
      expect(label, code).toContain(registeredTime)
      expect(label, code).toContain(maskedMobile)
    }
    for (const run of placed) {
      expect(run.end, run.text).toBeLessThanOrEqual(190.01)
      expect(run.y, run.text).toBeLessThanOrEqual(288.01)
    }
    const text = pages.map(words).join(' ')
    expect(text).toContain(`warten ${count} Registrierungen`)
    expect(text).toContain('Gültig bis einschließlich 11. April 2027')
    expect(text).toContain('löschen wir die anderen Registrierungen')
    expect(pages[0]?.filter(inRecipientZone).map(({ text }) => text)).toEqual([
      ...['Erika Mustermann', 'Musterweg 12', '80331 München'],
    ])
  })

  it('is no book: 60 codes on three sheets, all pages numbered', async () => {
    const pages = await read({ ...unlockCode, codes: severalCodes(60) })
    expect(pages.length).toBeLessThanOrEqual(6)
    expect(pages.map((page) => page.at(-1)?.text)).toEqual(
      pages.map((_, index) => `Seite ${index + 1} von ${pages.length}`),
    )
  })

  it('keeps large print large, one code below the other', async () => {
    const pages = await read({ ...unlockCode, largePrint: true, codes: severalCodes(6) })
    const codes = pages.flat().filter(({ text }) => text.startsWith('AAAA-BBBB-'))
    expect(codes.map(({ size }) => size)).toEqual(Array(6).fill(28))
    expect(new Set(codes.map(({ x }) => Math.round(x))).size).toBe(1)
  })
})

describe('a letter about several registrations for an existing account', () => {
  it('lists each with day, time and number', async () => {
    const registrations = severalCodes(3).map(({ code: _, ...each }) => each)
    const text = words((await read({ ...accountExists, registrations }))[0] ?? [])
    expect(text).toContain('hat jemand mehrmals versucht')
    for (const { registeredTime, maskedMobile } of registrations)
      expect(text).toContain(`um ${registeredTime} Uhr mit der Mobilnummer ${maskedMobile}`)
  })
})

describe('large print', () => {
  it('has a body of at least 16 pt on at most two numbered pages, the code larger still', async () => {
    const pages = await read({ ...unlockCode, largePrint: true })
    expect(pages).toHaveLength(2)
    const body = pages.flatMap((page, index) => page.filter(({ y }) => (index === 0 ? y > 95 : true) && y < 280))
    expect(Math.min(...body.filter(({ text }) => text !== 'Zur Anmeldung').map(({ size }) => size))).toBe(16)
    expect(find(pages[0]!, '7K3M-Q0B8-ZR2S').size).toBe(28)
    expect(pages.map((page) => page.at(-1)!.text)).toEqual(['Seite 1 von 2', 'Seite 2 von 2'])
  })
})

describe('the file', () => {
  it('begins every letter on a page of its own, with its own recipient and code', async () => {
    const other = { ...common.recipient, name: 'Max Mustermann' }
    const pages = await read(unlockCode, {
      ...unlockCode,
      id: 'L-0003',
      recipient: other,
      codes: [{ ...registration, code: 'AAAA-BBBB-CCCC' }],
    })
    expect(pages).toHaveLength(2)
    expect(words(pages[0]!)).not.toContain('Max')
    expect(words(pages[1]!)).toContain('Guten Tag Max Mustermann,')
    expect(words(pages[1]!)).toContain('AAAA-BBBB-CCCC')
    expect(words(pages[1]!)).not.toContain('7K3M')
  })

  it('has the same bytes for the same letters, and names title, language, date and structure', async () => {
    const first = await pdf.render([unlockCode, accountExists])
    const again = await createLetterPdf({ insurer, texts }).render([unlockCode, accountExists])
    expect(Buffer.compare(first, again)).toBe(0)
    const source = Buffer.from(first).toString('latin1')
    const marks = [
      '/Lang (de-DE)',
      '/StructTreeRoot',
      '/S /Document',
      'CreateDate>2027-03-12T00:00:00Z<',
      'pdfuaid:part',
      '/FontFile2',
    ]
    expect(marks.filter((mark) => !source.includes(mark))).toEqual([])
  })

  it('refuses an empty list', async () => {
    await expect(pdf.render([])).rejects.toThrow('at least one letter')
  })
})
