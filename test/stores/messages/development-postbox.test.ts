import { beforeEach, expect, it } from 'vitest'
import { createPostboxStore, type PostboxItem } from '../../../src/stores/messages/development-postbox.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const pdf = new TextEncoder().encode('%PDF-1.7')
const item = (id: string, changes: Partial<PostboxItem> = {}) => ({
  id,
  kind: 'sms' as const,
  to: '+4915112345670',
  subject: 'mTAN',
  text: 'Ihre mTAN',
  html: null,
  code: '123456',
  link: null,
  createdAt: new Date('2026-11-25T09:00:00Z'),
  ...changes,
})

describeOnBoth('development postbox', (database) => {
  const store = () => createPostboxStore(database())
  const ids = async (filter: Parameters<ReturnType<typeof store>['list']>[0] = {}) =>
    (await store().list(filter)).map(({ id }) => id)

  beforeEach(async () => {
    await database()('development_postbox').delete()
  })

  it('shows what was sent, newest first', async () => {
    await store().put(item('sms'))
    const codes = [
      { code: '123456', registeredOn: '2026-11-24', registeredTime: '09:00', maskedMobile: '+49 151 ••••• 70' },
      { code: '654321', registeredOn: '2026-11-25', registeredTime: '10:00', maskedMobile: '+49 151 ••••• 71' },
    ]
    await store().put({ ...item('letter', { kind: 'letter', to: 'A123456780' }), codes, pdf })
    expect(await store().list({})).toEqual([
      { ...item('letter', { kind: 'letter', to: 'A123456780' }), codes, hasPdf: true },
      { ...item('sms'), codes: [], hasPdf: false },
    ])
  })

  it('takes each piece of post once', async () => {
    await store().put(item('sms'))
    await store().put(item('sms', { code: '654321' }))
    expect(await store().list({})).toMatchObject([{ code: '123456' }])
  })

  it('filters by recipient and kind', async () => {
    await store().put(item('sms'))
    await store().put(item('mail', { kind: 'email', to: 'erika@example.org' }))
    await store().put(item('other', { to: '+4915112345671' }))
    expect(await ids({ kind: 'sms' })).toEqual(['other', 'sms'])
    expect(await ids({ to: 'erika@example.org' })).toEqual(['mail'])
    expect(await ids({ to: 'erika@example.org', kind: 'sms' })).toEqual([])
  })

  it('gives the PDF of a letter', async () => {
    await store().put({ ...item('letter', { kind: 'letter' }), pdf })
    await store().put(item('sms'))
    expect(new Uint8Array((await store().pdf('letter')) ?? [])).toEqual(pdf)
    expect(await store().pdf('sms')).toBeNull()
    expect(await store().pdf('unknown')).toBeNull()
  })

  it('shows the newest 200', async () => {
    for (let n = 0; n < 201; n++) await store().put(item(`sms ${n}`))
    const shown = await ids()
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([200, 'sms 200', 'sms 1'])
  })
})
