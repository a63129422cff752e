import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import type { Client } from '../support/client.ts'
import { demoStaff, nextCode, sendUnseen, signInStaff, submitTo } from '../support/staff.ts'
import { ask } from '../support/stores/database.ts'

let app: TestApp
let support: Client
let owner: Client
beforeAll(async () => {
  app = await startTestApp()
  support = await signInStaff(app, 'support')
  owner = await signInStaff(app, 'owner')
})
afterAll(() => app?.close())

const lena = 'C771029455'
const personal = [lena, 'lena.huber', 'Lena Huber', '+4915112345671']
const idOf = async (username: string) =>
  (await ask<{ id: string }>(app, `select id from accounts where username = '${username}'`))[0]?.id as string
const stateOf = async (id: string) =>
  (await ask<{ state: string }>(app, `select state from accounts where id = '${id}'`))[0]?.state
const events = (type: string) =>
  ask<{ actor: string; account_id: string; data: Record<string, unknown> }>(
    app,
    `select actor, account_id, data from audit_events where type = '${type}' order by id`,
  )

async function lookUp(client: Client, query: string, reason = 'ruft an, Brief fehlt') {
  await client.get(`${app.issuer}/admin/members`)
  return await submitTo(client, '/admin/members', { query, reason })
}

/** Shows the second factor once more, as the page asks. */
async function prove(client: Client, role: 'owner' | 'support' = 'owner') {
  const login = demoStaff(app).find((each) => each.role === role)
  return await client.submit({ _code: await nextCode(login?.totpSecret ?? '') })
}

describe('the help desk of the console', () => {
  it('asks for a reason first, and puts neither number nor name into an address', async () => {
    const refused = await lookUp(support, lena, ' ')
    expect([refused.status, refused.error('reason'), refused.error('query')]).toEqual([
      ...[422, expect.stringContaining('Grund'), undefined],
    ])
    expect(refused.$('input[name=query]').attr('value')).toBe(lena)
    expect(await events('member_looked_up')).toEqual([])
    const page = await lookUp(support, lena)
    expect(page.url).toBe(`${app.issuer}/admin/members/${await idOf('lena.huber')}`)
    expect(page.heading).toBe('Konto le•••')
    for (const each of personal) expect(page.body).not.toContain(each)
    expect(await events('member_looked_up')).toMatchObject([
      { account_id: await idOf('lena.huber'), data: { reason: 'ruft an, Brief fehlt', by: 'insurance_number' } },
    ])
  })

  it('finds nobody by a part', async () => {
    for (const query of ['lena', 'lena.hube%', 'C77102945', '%', "' or 1=1 --"]) {
      const page = await lookUp(support, query)
      expect([page.status, typeof page.error('query')]).toEqual([422, 'string'])
    }
  })

  it('shows and does nothing for a session that has not looked the account up', async () => {
    const id = await idOf('josef.bauer')
    const before = await events('member_looked_up')
    for (const path of ['', '/suspend', '/letter', '/end', '/sign-out']) {
      const page = await support.get(`${app.issuer}/admin/members/${id}${path}`)
      expect([path, page.status, page.heading]).toEqual([path, 403, 'Warum sehen Sie dieses Konto an?'])
    }
    const fields = { reason: 'so', field: 'email', answer: 'x' }
    for (const path of [
      'identify',
      'reveal',
      'suspend',
      'letter',
      'clear-pause',
      'sign-out',
      'activation',
      'lift',
      'end',
    ])
      expect((await sendUnseen(support, `${app.issuer}/admin/members/${id}/${path}`, fields)).status).toBe(403)
    expect(await events('member_looked_up')).toEqual(before)
    expect(await events('help_given')).toEqual([])
    // The look of a colleague opens nothing either.
    await lookUp(owner, 'josef.bauer')
    expect((await support.get(`${app.issuer}/admin/members/${id}`)).status).toBe(403)
    const seen = await submitTo(support, `/admin/members/${id}/look`, { reason: 'ruft noch einmal an' })
    expect([seen.status, seen.heading]).toEqual([200, 'Konto jo•••'])
    await app.advance('PT14M')
    await support.get(`${app.issuer}/admin/members/${id}`)
    await app.advance('PT14M')
    expect((await support.get(`${app.issuer}/admin/members/${id}`)).status).toBe(200)
    await app.advance('PT3M')
    expect((await support.get(`${app.issuer}/admin/members/${id}`)).status).toBe(403)
  })

  it('says the same of an id that nobody has', async () => {
    const nobody = '00000000-0000-4000-8000-00000000dead'
    await support.get(`${app.issuer}/admin/members/${nobody}`)
    expect(support.page().status).toBe(403)
    expect((await submitTo(support, `/admin/members/${nobody}/look`, { reason: 'ruft an' })).status).toBe(404)
    expect((await support.get(`${app.issuer}/admin/members/none`)).status).toBe(404)
  })
})

describe('a caller', () => {
  beforeAll(async () => {
    // The other session ended while the clock ran.
    owner = await signInStaff(app, 'owner')
  })

  it('is identified by the answer, which the page never tells', async () => {
    const id = await idOf('lena.huber')
    const page = await lookUp(support, 'lena.huber')
    expect(page.$('#anruf').parent().text()).toContain('Fragen Sie:')
    const wrong = await submitTo(support, `/admin/members/${id}/identify`, { answer: 'weiß nicht' })
    expect([wrong.status, wrong.error('answer')]).toEqual([422, expect.stringContaining('stimmt nicht')])
    expect(wrong.body).not.toContain('weiß nicht')
    for (const _try of [2, 3]) await submitTo(support, `/admin/members/${id}/identify`, { answer: 'weiß nicht' })
    const over = await sendUnseen(support, `${app.issuer}/admin/members/${id}/identify`, { answer: 'weiß nicht' })
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
    expect((await events('caller_identified')).map(({ data }) => data)).toEqual(Array(3).fill({ right: false }))
  })

  it('can have one value shown after another code of the second factor, and it is written down', async () => {
    const id = await idOf('lena.huber')
    await lookUp(owner, lena)
    const shown = await submitTo(owner, `/admin/members/${id}/reveal`, {
      field: 'mobile',
      reason: 'Nummer vergleichen',
    })
    const page = shown.status === 403 ? await prove(owner) : shown
    expect(page.$('.console-facts strong').text()).toBe('+4915112345671')
    expect(page.body).not.toContain(lena)
    expect((await owner.get(`${app.issuer}/admin/members/${id}`)).body).not.toContain('+4915112345671')
    expect(await events('member_data_revealed')).toMatchObject([
      { account_id: id, data: { field: 'mobile', reason: 'Nummer vergleichen' } },
    ])
  })
})

describe('an act', () => {
  it('has a page that names the account, and is told to the member', async () => {
    const id = await idOf('lena.huber')
    await lookUp(owner, lena)
    const confirm = await owner.get(`${app.issuer}/admin/members/${id}/suspend`)
    expect([confirm.heading, confirm.$('main button').text()]).toEqual(['Konto sperren', 'Konto le••• sperren'])
    await app.advance('PT6M')
    const asked = await submitTo(owner, `/admin/members/${id}/suspend`, { reason: 'Handy gestohlen' })
    expect([asked.status, await stateOf(id)]).toEqual([403, 'active'])
    const done = await prove(owner)
    expect(done.$('.console-done').text()).toContain('gesperrt')
    expect(done.$('.lead').text()).toContain('von der Telefonberatung')
    const [mail] = await app.inbox.list('email', 'lena.huber@demo.invalid')
    expect(mail?.subject).toBe('Ihr Zugang ist gesperrt')
    // The page of before, sent again in another tab.
    const again = await sendUnseen(owner, `${app.issuer}/admin/members/${id}/suspend`, { reason: 'Handy gestohlen' })
    expect([again.status, again.$('[role=alert]').text()]).toEqual([409, expect.stringContaining('geändert')])
    await owner.get(`${app.issuer}/admin/members/${id}/lift`)
    expect((await submitTo(owner, `/admin/members/${id}/lift`)).$('.lead').text()).toContain('aktiv')
    expect((await events('help_given')).map(({ data }) => data)).toEqual([
      { act: 'suspend', reason: 'Handy gestohlen' },
      { act: 'lift', reason: 'ruft an, Brief fehlt' },
    ])
  })

  it('shows what was typed as text, wherever it stands', async () => {
    const id = await idOf('lena.huber')
    const attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    const page = await lookUp(owner, lena, attack)
    expect(
      page
        .$('script')
        .toArray()
        .every((script) => page.$(script).attr('src')),
    ).toBe(true)
    expect(page.$('img').length).toBe(0)
    expect(page.$('textarea[name=reason]').val()).toBe(attack)
    expect(page.$('#verlauf').parent().text()).toContain(attack)
    for (const path of [`/admin/members/${id}/sign-out`, '/admin/members'])
      expect((await owner.get(`${app.issuer}${path}`)).body).not.toContain('<script>alert')
    const refused = await lookUp(owner, attack)
    expect(refused.$('input[name=query]').attr('value')).toBe(attack)
    expect(refused.body).not.toContain('<img src=x')
  })

  it('ends an account only when another person approves', async () => {
    const id = await idOf('lena.huber')
    await lookUp(owner, lena)
    await owner.get(`${app.issuer}/admin/members/${id}/end`)
    let asked = await submitTo(owner, `/admin/members/${id}/end`, { reason: 'Wunsch des Mitglieds' })
    if (asked.status === 403) asked = await prove(owner)
    expect(asked.heading).toBe('Freigaben')
    const approve = asked.$('form[action$="/withdraw"]').attr('action')?.replace('withdraw', 'approve') as string
    expect((await sendUnseen(owner, `${app.issuer}${approve}`)).status).toBe(409)
    const list = await support.get(`${app.issuer}/admin/approvals`)
    expect(list.$(`a[href="/admin/members/${id}"]`).length).toBe(1)
    let done = await submitTo(support, approve)
    if (done.status === 403) done = await prove(support, 'support')
    expect(done.$('.console-done').text()).toContain('ausgeführt')
    expect(await ask(app, `select state, end_reason from accounts where id = '${id}'`)).toEqual([
      { state: 'ended', end_reason: 'staff' },
    ])
    expect((await app.inbox.list('email', 'lena.huber@demo.invalid'))[0]?.subject).toBe('Ihr Konto ist beendet')
  })
})
