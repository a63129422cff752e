import smpp from 'smpp'
import { afterEach, describe, expect, it } from 'vitest'
import type { SmsReceipt } from '../../src/gateways/sms/driver.ts'
import { createSmppSmsDriver, type SmppSmsDriver } from '../../src/gateways/sms/smpp/smpp.ts'
import type { SmppSettings } from '../../src/gateways/sms/smpp/smpp-session.ts'
import { type SmppServer, startSmppServer } from '../support/servers/smpp.ts'
import { waitFor } from '../support/wait.ts'

let server: SmppServer | undefined
let driver: SmppSmsDriver | undefined
afterEach(async () => {
  await driver?.close()
  await server?.close()
  server = undefined
  driver = undefined
})

const sms = {
  id: 'message-2',
  to: '+4915112345671',
  text: 'Ihre mTAN\n@localhost #123456',
  sender: 'MeineAOK',
  validFor: 300,
}

async function start(changes: Partial<SmppSettings> = {}, options: Parameters<typeof startSmppServer>[0] = {}) {
  server = await startSmppServer(options)
  const receipts: SmsReceipt[] = []
  const connections: string[] = []
  const passed: string[] = []
  const hooks = {
    fault: false,
    async received(receipt: SmsReceipt) {
      if (hooks.fault) throw new Error('database is away')
      receipts.push(receipt)
    },
    passed(kind: string) {
      passed.push(kind)
    },
    bound() {
      connections.push('bound')
    },
    away(cause: string, code: string) {
      connections.push(`${cause} ${code}`)
    },
  }
  driver = createSmppSmsDriver(
    {
      host: '127.0.0.1',
      port: server.port,
      tls: undefined,
      systemId: 'aok',
      password: 'secret',
      systemType: '',
      window: 10,
      timeout: 1000,
      enquireLink: 30_000,
      numberRefused: [0x400],
      alphabet: 'gsm',
      ...changes,
    },
    hooks,
  )
  return { server, driver, receipts, connections, passed, hooks }
}

describe('a message', () => {
  it('goes out with sender, life, receipt asked for, and the id of the centre comes back', async () => {
    const { driver, server } = await start()
    expect(await driver.submit(sms)).toEqual({ outcome: 'accepted', gatewayMessageId: 'M1' })
    expect(server.binds[0]).toMatchObject({ system_id: 'aok', interface_version: 0x34 })
    expect(server.messages[0]?.parameters).toMatchObject({
      source_addr_ton: 5,
      source_addr_npi: 0,
      source_addr: 'MeineAOK',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: '4915112345671',
      registered_delivery: 1,
      data_coding: 0,
    })
  })

  it('is in the GSM alphabet, umlauts and the characters of its extension too', async () => {
    const { driver, server } = await start()
    await driver.submit({ ...sms, text: 'ÄÖÜäöüß@$_ \n{}[]~\\|^€' })
    // 3GPP TS 23.038, 6.2.1 and 6.2.1.1
    expect(server.messages[0]?.octets.toString('hex')).toBe(
      '5b5c5e7b7c7e1e000211200a' + '1b281b291b3c1b3e1b3d1b2f1b401b141b65',
    )
  })

  it.each([
    ['+4915199999999', 1, 1, '4915199999999'],
    ['82300', 3, 0, '82300'],
    [undefined, 0, 0, ''],
  ])('comes from %s as type %i, plan %i', async (sender, ton, npi, address) => {
    const { driver, server } = await start()
    await driver.submit({ ...sms, sender })
    expect(server.messages[0]?.parameters).toMatchObject({
      source_addr_ton: ton,
      source_addr_npi: npi,
      source_addr: address,
    })
  })

  it.each([
    [0x58, 'throttled'],
    [0x14, 'throttled'],
    [0x08, 'temporary'],
    [0x0b, 'number_refused'],
    [0x400, 'number_refused'],
    [0x0a, 'gateway_refused'],
  ] as const)('answered with status %i is %s', async (status, outcome) => {
    const { driver, server } = await start()
    server.behave({ status })
    expect(await driver.submit(sms)).toMatchObject({ outcome })
  })

  it('is unknown when no answer comes, and when the connection breaks under it', async () => {
    const { driver, server } = await start({ timeout: 300 })
    server.behave('hang')
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'unknown', failure: 'TIMEOUT' })
    server.behave('drop')
    expect(await driver.submit(sms)).toEqual({ outcome: 'unknown', failure: 'CONNECTION_LOST' })
  })

  it('answered after its time is told late, with the id, and goes out once', async () => {
    const { driver, server } = await start({ timeout: 300 })
    server.behave({ status: 0, delay: 700 })
    const answer = await driver.submit(sms)
    expect(answer).toMatchObject({ outcome: 'unknown', failure: 'TIMEOUT' })
    expect(await (answer as { late?: Promise<unknown> }).late).toEqual({ outcome: 'accepted', gatewayMessageId: 'M1' })
    expect(server.messages).toHaveLength(1)
  })

  it.each([
    ['a refusal', (server: SmppServer) => server.behave({ status: 0x0a, delay: 700 }), 'gateway_refused'],
    ['the end of the connection', (server: SmppServer) => server.behave('hang'), 'unknown'],
  ])('is told %s late, too', async (_, behave, outcome) => {
    const { driver, server } = await start({ timeout: 300 })
    behave(server)
    const answer = await driver.submit(sms)
    if (outcome === 'unknown') server.breakConnections()
    expect(await (answer as { late?: Promise<unknown> }).late).toMatchObject({ outcome })
  })

  it('is in Latin-1 for a centre whose own alphabet that is', async () => {
    const { driver, server } = await start({ alphabet: 'latin-1' })
    await driver.submit({ ...sms, text: 'ÄÖÜäöüß@$_ \n{}[]~\\|^ 5€ Δ' })
    expect(server.messages[0]?.octets.toString('latin1')).toBe('ÄÖÜäöüß@$_ \n{}[]~\\|^ 5EUR ?')
  })

  it('of sixteen at once waits for its place in the window', async () => {
    const { driver, server } = await start({ window: 4 })
    server.behave({ status: 0, delay: 20 })
    const answers = await Promise.all(Array.from({ length: 16 }, () => driver.submit(sms)))
    expect(answers.every(({ outcome }) => outcome === 'accepted')).toBe(true)
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(16)
    expect(server.state.mostUnderWay).toBeGreaterThan(1)
    expect(server.state.mostUnderWay).toBeLessThanOrEqual(4)
    expect(server.binds).toHaveLength(1)
  })

  it('keeps its place until the centre has answered, however late', async () => {
    const { driver, server } = await start({ window: 1, timeout: 600 })
    server.behave({ status: 0, delay: 1500 })
    const first = await driver.submit(sms)
    expect(first).toMatchObject({ outcome: 'unknown' })
    expect(await driver.submit(sms)).toEqual({ outcome: 'throttled', failure: 'WINDOW_FULL' })
    await (first as { late?: Promise<unknown> }).late
    server.behave({ status: 0 })
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'accepted' })
    expect(server.state.mostUnderWay).toBe(1)
  })

  it('gives its place free with the session', async () => {
    const { driver, server, connections } = await start({ window: 1, timeout: 600 })
    server.behave('hang')
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'unknown' })
    server.behave({ status: 0 })
    server.breakConnections()
    await waitFor(() => connections.filter((each) => each === 'bound').length === 2)
    expect(await waitFor(async () => (await driver.submit(sms)).outcome === 'accepted')).toBe(true)
  })

  it('does not wait for a place for ever', async () => {
    const { driver, server } = await start({ window: 1, timeout: 400 })
    server.behave('hang')
    const [first, second] = await Promise.all([driver.submit(sms), driver.submit(sms)])
    expect(first).toMatchObject({ outcome: 'unknown' })
    expect(second).toEqual({ outcome: 'throttled', failure: 'WINDOW_FULL' })
    expect(server.messages).toHaveLength(1)
  })
})

describe('a connection', () => {
  it('is made again after a loss', async () => {
    const { driver, server, connections } = await start()
    await driver.submit(sms)
    server.breakConnections()
    await waitFor(() => connections.some((each) => each.startsWith('lost ')))
    // While nobody is there the answer comes at once, so that another gateway can take the message.
    expect(await driver.submit(sms)).toEqual({ outcome: 'temporary', failure: 'NOT_BOUND' })
    await waitFor(() => server.binds.length === 2)
    expect(await waitFor(async () => (await driver.submit(sms)).outcome === 'accepted')).toBe(true)
  })

  it('refused by a wrong password is tried again, and says so', async () => {
    const { driver, connections } = await start({ password: 'wrong' })
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'temporary' })
    await waitFor(() => connections.length >= 2)
    expect(connections[0]).toBe('credentials BIND_0x0000000D')
  })

  it('that has died without a word is noticed by enquire_link', async () => {
    const { driver, server, connections } = await start({ enquireLink: 100, timeout: 300 })
    await driver.submit(sms)
    await waitFor(() => server.received.filter((pdu) => pdu.command === 'enquire_link').length >= 2)
    expect(connections).toEqual(['bound'])
    server.state.deaf = true
    await waitFor(() => connections.includes('lost ENQUIRE_LINK'))
  })

  it('answers what the centre asks and survives what it does not understand', async () => {
    const { driver, server, connections } = await start()
    driver.start()
    const [session] = await waitFor(() => server.binds.length === 1 && [...server.sessions])
    session?.enquire_link({})
    await waitFor(() => server.received.some((pdu) => pdu.command === 'enquire_link_resp'))
    // outbind and alert_notification need no answer; 0x7777 is no command.
    for (const command of ['0000000b', '00000102', '00007777'])
      session?.socket.write(Buffer.from(`00000010${command}0000000000000009`, 'hex'))
    await waitFor(() => server.received.some((pdu) => pdu.command === 'generic_nack'))
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'accepted' })
    // A length that no PDU has.
    session?.socket.write(Buffer.from('7fffffff', 'hex'))
    await waitFor(() => connections.some((each) => each.startsWith('lost ')))
    await waitFor(() => server.binds.length === 2)
  })

  it('takes what the centre sends in one segment with its answer to the bind, and answers it', async () => {
    const { driver, server, receipts } = await start()
    const short_message = 'id:M7 stat:DELIVRD'
    server.state.kept = [
      new smpp.PDU('deliver_sm', { esm_class: 4, short_message, sequence_number: 1 }),
      new smpp.PDU('enquire_link', { sequence_number: 2 }),
    ]
    driver.start()
    for (const answer of ['enquire_link_resp', 'deliver_sm_resp'])
      await waitFor(() => server.received.some((pdu) => pdu.command === answer))
    expect(receipts).toMatchObject([{ gatewayMessageId: 'M7', state: 'delivered' }])
  })

  it('is made again after the centre has unbound, also when it leaves its half open; what was under way is told', async () => {
    const { driver, server, connections } = await start({ timeout: 5000 }, { allowHalfOpen: true })
    driver.start()
    await waitFor(() => connections.includes('bound'))
    server.behave('hang')
    const underWay = driver.submit(sms)
    await waitFor(() => server.messages.length === 1)
    server.sendOctets(Buffer.from('00000010000000060000000000000009', 'hex'))
    expect(await underWay).toEqual({ outcome: 'unknown', failure: 'CONNECTION_LOST' })
    expect(server.received.map(({ command }) => command)).toContain('unbind_resp')
    await waitFor(() => server.binds.length === 2)
    server.behave({ status: 0 })
    expect(await waitFor(async () => (await driver.submit(sms)).outcome === 'accepted')).toBe(true)
  })

  it('ends with unbind', async () => {
    const { driver, server } = await start()
    await driver.submit(sms)
    await driver.close()
    expect(server.received.at(-1)?.command).toBe('unbind')
    await waitFor(() => server.sessions.size === 0)
  })

  it('ends in time when the centre does not answer the unbind', async () => {
    const { driver, server } = await start()
    await driver.submit(sms)
    server.state.deaf = true
    const began = Date.now()
    await driver.close()
    expect(Date.now() - began).toBeLessThan(2000)
  })

  it('to a port where nobody listens costs no time', async () => {
    const { driver, server } = await start()
    await server.close()
    expect(await driver.submit(sms)).toEqual({ outcome: 'temporary', failure: 'NOT_BOUND' })
  })
})

describe('a receipt', () => {
  const bound = async () => {
    const started = await start()
    started.driver.start()
    await waitFor(() => started.connections.includes('bound'))
    return started
  }

  it.each([
    ['DELIVRD', { state: 'delivered', failure: undefined }],
    ['UNDELIV', { state: 'undelivered', failure: 'ERR_012' }],
    ['EXPIRED', { state: 'expired', failure: 'ERR_012' }],
    ['REJECTD', { state: 'undelivered', failure: 'ERR_012' }],
    ['Delivered', { state: 'delivered', failure: undefined }],
    ['UNDELIVERABLE', { state: 'undelivered', failure: 'ERR_012' }],
    ['FAILED', { state: 'undelivered', failure: 'ERR_012' }],
    ['ACCEPTED', { state: 'accepted', failure: 'ERR_012' }],
  ])('%s is read from its text', async (stat, expected) => {
    const { server, receipts } = await bound()
    expect(await server.receipt('M7', stat)).toBe(0)
    expect(receipts).toEqual([{ gatewayMessageId: 'M7', ...expected }])
  })

  it('is read from its optional parameters first', async () => {
    const { server, receipts } = await bound()
    await server.deliver({ esm_class: 4, short_message: '', receipted_message_id: 'ABC', message_state: 5 })
    expect(receipts).toEqual([{ gatewayMessageId: 'ABC', state: 'undelivered', failure: undefined }])
  })

  it('that could not be noted is answered so that it comes again', async () => {
    const { server, hooks } = await bound()
    hooks.fault = true
    expect(await server.receipt('M7', 'DELIVRD')).toBe(0x64)
  })

  it.each([
    ['of message_payload', { esm_class: 4, short_message: '', message_payload: 'id:M7 sub:001 stat:DELIVRD err:000' }],
    ['with blanks behind its words', { esm_class: 4, short_message: 'id: M7 sub: 001 stat: DELIVRD err: 000' }],
    ['with a NUL at its end', { esm_class: 4, short_message: 'id:M7 stat:DELIVRD\0' }],
    ['in capitals', { esm_class: 4, short_message: 'ID:M7 STAT:DELIVRD ERR:000' }],
    ['by its parameters alone', { esm_class: 0, short_message: '', receipted_message_id: 'M7', message_state: 2 }],
    ['with a NUL in its parameter', { esm_class: 4, receipted_message_id: 'M7\0', message_state: 2 }],
    // Its length ends it: the next parameter begins right behind.
    ['without one', { esm_class: 4, receipted_message_id: 'M7', message_state: 2, user_message_reference: 0x4142 }],
    ['in IA5', { esm_class: 4, data_coding: 1, short_message: Buffer.from('id:M7 stat:DELIVRD') }],
    ['in UCS-2', { esm_class: 4, data_coding: 8, short_message: 'id:M7 stat:DELIVRD' }],
  ])('is read %s', async (_, parameters) => {
    const { server, receipts } = await bound()
    expect(await server.deliver(parameters)).toBe(0)
    expect(receipts).toMatchObject([{ gatewayMessageId: 'M7', state: 'delivered' }])
  })

  it.each([
    ['ASCII', 0, (text: string) => Buffer.from(text, 'latin1')],
    ['IA5', 1, (text: string) => Buffer.from(text, 'latin1')],
    [
      'GSM 03.38',
      0,
      (text: string) =>
        Buffer.from(text.replaceAll('@', '\0').replaceAll('_', '\x11').replaceAll('$', '\x02'), 'latin1'),
    ],
  ])('keeps @, _ and $ of an id in %s', async (_, data_coding, octets) => {
    const { server, receipts } = await bound()
    const text = 'id:a_1@x$7 sub:001 dlvrd:001 stat:DELIVRD err:000'
    await server.deliver({ esm_class: 4, data_coding, short_message: octets(text) })
    expect(receipts).toMatchObject([{ gatewayMessageId: 'a_1@x$7', state: 'delivered' }])
  })

  it('without an id or an end is passed on as such, never taken for another', async () => {
    const { server, receipts, passed } = await bound()
    for (const text of ['id: sub:001 stat:DELIVRD', 'stat:DELIVRD', 'id:M7 stat:ENROUTE', 'id:M7'])
      expect(await server.deliver({ esm_class: 4, short_message: text })).toBe(0)
    expect(receipts).toEqual([])
    expect(passed).toEqual(['nothing', 'nothing', 'nothing', 'nothing'])
  })

  /** `deliver_sm` as octets: `esm_class`, `short_message`, optional parameters. */
  const deliverSm = (esmClass: number, message: Buffer, optional = '') => {
    const esm = esmClass.toString(16).padStart(2, '0')
    const fields = Buffer.from(`00010134390001014100${esm}${'00'.repeat(8)}`, 'hex')
    const body = Buffer.concat([fields, Buffer.from([message.length]), message, Buffer.from(optional, 'hex')])
    const header = Buffer.from('00000000000000050000000000000009', 'hex')
    header.writeUInt32BE(header.length + body.length)
    return Buffer.concat([header, body])
  }

  it.each([
    ["a person's number to call back that is empty", deliverSm(0x00, Buffer.from('Hallo'), '03810000')],
    ['a state without a value', deliverSm(0x04, Buffer.from('id:M7'), '04270000')],
    ['a parameter that ends behind the PDU', deliverSm(0x04, Buffer.from('id:M7'), '020c0002')],
  ])('with %s is answered and counted, and the session lives', async (_, octets) => {
    const { server, driver, connections, passed } = await bound()
    server.sendOctets(octets)
    await waitFor(() => server.received.some((pdu) => pdu.command === 'deliver_sm_resp'))
    expect(passed).toEqual(['nothing'])
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'accepted' })
    expect(connections).toEqual(['bound'])
  })

  it('is not what a person sends to our sender', async () => {
    const { server, receipts } = await bound()
    expect(await server.deliver({ esm_class: 0, short_message: 'id:M7 stat:DELIVRD' })).toBe(0)
    expect(await server.receipt('M7', 'ENROUTE')).toBe(0)
    expect(receipts).toEqual([])
  })
})
