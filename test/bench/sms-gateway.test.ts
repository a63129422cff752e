import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SmsSink, startSmsSink } from './sms-gateway.ts'

let sink: SmsSink
beforeAll(async () => {
  sink = await startSmsSink()
})
afterAll(() => sink.close())
const send = (to: string, code: string) =>
  fetch(sink.url, { method: 'POST', body: JSON.stringify({ id: code, to, text: `mTAN\n@host #${code}` }) })

it('waits for an SMS that takes its time, for each number its own', async () => {
  const codes = Promise.all([sink.nextCode('+491'), sink.nextCode('+492')])
  await wait(100)
  await send('+492', '222222')
  await send('+491', '111111')
  expect(await codes).toEqual(['111111', '222222'])
})

it('keeps one that comes before it is asked for', async () => {
  await send('+493', '333333')
  expect(await sink.nextCode('+493')).toBe('333333')
})
