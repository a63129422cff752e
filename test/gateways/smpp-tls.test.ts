import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createSmppSmsDriver, type SmppSmsDriver } from '../../src/gateways/sms/smpp/smpp.ts'
import { hasOpenssl } from '../support/machine/programs.ts'
import { type SmppServer, startSmppServer } from '../support/servers/smpp.ts'
import { makeSelfSigned } from '../support/servers/smpp-certificate.ts'

const certificate = makeSelfSigned()
let server: SmppServer
let driver: SmppSmsDriver | undefined
describe.skipIf(!hasOpenssl())('SMPP over TLS', () => {
  beforeAll(async () => {
    server = await startSmppServer({ tls: certificate })
  })
  afterEach(() => driver?.close())
  afterAll(() => server?.close())

  const sms = { id: 'message', to: '+4915112345671', text: 'Ihre mTAN', sender: undefined, validFor: 300 }
  function submit(tls: { ca?: string }) {
    const numbers = { window: 10, timeout: 2000, enquireLink: 30_000, numberRefused: [], alphabet: 'gsm' as const }
    const account = { systemId: 'aok', password: 'secret', systemType: '' }
    const hooks = { received: async () => {}, passed() {}, bound() {}, away() {} }
    driver = createSmppSmsDriver({ host: '127.0.0.1', port: server.port, tls, ...account, ...numbers }, hooks)
    return driver.submit(sms)
  }

  it('goes over TLS to a centre whose authority is named', async () => {
    expect(await submit({ ca: certificate.cert })).toMatchObject({ outcome: 'accepted' })
  })

  it.each([
    ['another', () => ({ ca: makeSelfSigned().cert })],
    ['no', () => ({})],
  ])('tells nothing, not even the password, to a centre when %s authority knows it', async (_, tls) => {
    const [binds, messages] = [server.binds.length, server.messages.length]
    expect(await submit(tls())).toEqual({ outcome: 'temporary', failure: 'NOT_BOUND' })
    expect([server.binds.length, server.messages.length]).toEqual([binds, messages])
  })
})
