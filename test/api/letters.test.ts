import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { createApi } from '../../src/api/api.ts'
import { openApiDocument } from '../../src/api/document.ts'
import { apiOperations } from '../../src/api/operations.ts'
import { adminScopes } from '../../src/domain/clients/scopes.ts'
import { createCanaryLetterService } from '../../src/services/letters/canary-letters.ts'
import { createReturnedMailService } from '../../src/services/letters/returned-mail.ts'
import { erika } from '../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'
import { anything } from '../support/staff.ts'
import { describeOnDatabase } from '../support/stores/databases.ts'
import { createTypedClient } from './client.ts'
import { createCheck, type Document } from './contract.ts'

/** The API over the print desk of a test, which nobody but the test moves. */
function serve(world: ServiceWorld): Server {
  const desk = world.createDesk()
  const rules = { enabled: true, name: 'x', address: { street: '', postalCode: '', city: '' }, alertAfterDays: 5 }
  const now = () => world.clock.now()
  const operations = apiOperations({
    ...{ clients: anything, members: anything, audit: anything, readings: anything, issuer: desk.issuer },
    letters: {
      ...{ printRuns: world.printRuns, now },
      returnedMail: createReturnedMailService(desk),
      canaryLetters: createCanaryLetterService({ ...desk, rules }),
      reprint: (id, actor) => world.transaction((unit) => world.letters.reprint(unit, id, { actor, now: now() })),
    },
  })
  const app = new Koa()
  app.use(
    createApi({
      ...{ operations, now, bodyBytes: 65_536, limit: async () => null, idempotency: anything },
      verify: async () => ({ clientId: 'robot', scopes: adminScopes }),
      log: { info() {}, error: (detail) => console.error(detail) },
    }),
  )
  document = openApiDocument(operations, desk.issuer) as Document
  return createServer(app.callback()).listen(0)
}

let document: Document
let server: Server | undefined
afterEach(() => void server?.close())

describeOnDatabase('the print desk at the HTTP API', (database) => {
  let world: ServiceWorld
  let client: ReturnType<typeof createTypedClient>
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    server = serve(world)
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/api/v1`
    client = createTypedClient(address, { check: createCheck(document), token: async () => 'token' })
  })
  afterAll(() => world?.empty())
  const run = (run_id: string) => ({ params: { path: { run_id } } })
  const prepare = (posting_day?: string) => client.POST('/print-runs', { body: posting_day ? { posting_day } : {} })
  const post = (id: string, posted_on: string) =>
    client.POST('/print-runs/{run_id}/posting', { ...run(id), body: { posted_on } })

  it('prepares a run, leaves its release to a person, and confirms that it is posted', async () => {
    expect((await prepare()).error?.detail).toBe('No letter waits.')
    await world.activated()
    expect((await prepare('2026-11-01')).error?.errors?.[0]).toMatchObject({ pointer: '/posting_day' })
    const { data, response } = await prepare('2026-11-24')
    expect([response.status, data]).toMatchObject([201, { state: 'prepared', prepared_by: 'client:robot' }])
    const id = data?.id ?? ''
    expect(Object.keys(document.paths).filter((path) => path.includes('release'))).toEqual([])
    expect((await post(id, '2026-11-24')).error?.detail).toContain('not released')
    expect(await world.printRuns.release(id, 'cli:robot')).toBe('same_person')
    expect(await world.printRuns.release(id, 'cli:k.weber')).toBe('released')
    expect((await post(id, '2026-11-24')).data?.state).toBe('posted')
    expect((await post(id, '2026-11-24')).response.status).toBe(409)
    expect((await client.GET('/print-runs', { params: { query: { state: 'posted' } } })).data?.print_runs).toHaveLength(
      1,
    )
    expect(await world.events('print_run_posted')).toHaveLength(1)
  })

  it('calls a run back, and knows no run that is not there', async () => {
    await world.activated()
    const id = (await prepare()).data?.id ?? ''
    const cancel = (run_id: string) => client.POST('/print-runs/{run_id}/cancellation', { ...run(run_id), body: {} })
    expect((await cancel(id)).data?.state).toBe('cancelled')
    expect((await cancel(id)).response.status).toBe(409)
    expect((await cancel(randomUUID())).response.status).toBe(404)
    expect((await post(randomUUID(), '2026-11-24')).response.status).toBe(404)
  })

  it('prints a damaged letter again, once', async () => {
    const { id: accountId } = await world.activated()
    const runId = (await prepare('2026-11-24')).data?.id ?? ''
    const [letter] = await world.db('unlock_letters').where({ account_id: accountId })
    const letter_id = letter.envelope_id ?? letter.id
    const reprint = (id: string) =>
      client.POST('/letters/{letter_id}/reprint', { params: { path: { letter_id: id } }, body: {} })
    expect((await reprint(letter_id)).data).toEqual({ letter_day: expect.stringMatching(/^2026-11-2\d$/) })
    expect((await reprint(letter_id)).response.status).toBe(409)
    expect((await reprint(randomUUID())).response.status).toBe(409)
    expect(await world.events('letter_reprinted')).toEqual([{ letterId: letter_id }])
    expect(runId).not.toBe('')
  })

  it('takes a letter that came back, by its scan or id, and lists what is to be cleared', async () => {
    const { id: accountId } = await world.activated()
    const runId = (await prepare('2026-11-24')).data?.id ?? ''
    const [row] = await world.db('unlock_letters').where({ account_id: accountId })
    const letter = row.envelope_id ?? row.id
    const take = (typed: string) => client.POST('/returned-letters', { body: { letter: typed } })
    expect((await take(letter)).error?.detail).toContain('not been posted')
    await world.printRuns.release(runId, 'cli:k.weber')
    await post(runId, '2026-11-24')
    expect((await take(letter.slice(0, 8))).data).toEqual({ result: 'blocked', letter_id: letter, told: false })
    expect((await take(letter)).error?.detail).toContain('taken before')
    expect((await take('no letter')).error?.errors?.[0]?.pointer).toBe('/letter')
    expect((await client.GET('/returned-letters')).data?.letters).toMatchObject([
      { letter_id: letter, insurance_number: erika.insuranceNumber, returned_by: 'client:robot' },
    ])
    expect(await world.events('returned_letters_listed')).toEqual([{ count: 1 }])
  })

  it('takes the code of a letter that watches the post', async () => {
    const enter = (code: string) => client.POST('/canary-letters', { body: { code } })
    expect((await enter('AAAA')).error?.errors?.[0]?.pointer).toBe('/code')
    expect((await client.GET('/canary-letters')).data).toEqual({ letters: [] })
  })
})
