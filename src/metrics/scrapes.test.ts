import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { openListener } from '../process/listener.ts'
import { answerScrapes } from './cluster.ts'

let listener: Awaited<ReturnType<typeof openListener>>
let figures = async () => 'up 1\n'

beforeAll(async () => {
  listener = await openListener('127.0.0.1', 0, 'METRICS_PORT')
  listener.handle(answerScrapes(() => figures()))
})
afterAll(() => listener.close())

/** Writes bytes to the port and answers what comes back. */
const write = (text: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = ''
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('error', reject).on('close', () => resolve(answer))
  })
const request = (line: string, headers = 'Host: x\r\n') => write(`${line}\r\n${headers}Connection: close\r\n\r\n`)

test.each(['GET /metrics HTTP/1.1', 'GET / HTTP/1.1', 'GET /metrics?a=b HTTP/1.1', 'GET /metrics HTTP/1.0'])(
  '%s gets the figures',
  async (line) => {
    const answer = await request(line)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(/content-type: text\/plain; version=0\.0\.4/i)
    expect(answer).toMatch(/x-content-type-options: nosniff/i)
    expect(answer).toContain('up 1')
  },
)

test.each([
  ['no HTTP', () => write('nonsense\r\n\r\n'), 400],
  ['a tunnel', () => write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), 400],
  ['no host', () => request('GET /metrics HTTP/1.1', ''), 400],
  ['two hosts', () => request('GET /metrics HTTP/1.1', 'Host: x\r\nHost: y\r\n'), 400],
  ['a long query', () => request(`GET /metrics?${'a&'.repeat(200)} HTTP/1.1`), 400],
  ['a long address', () => request(`GET /metrics?${'a'.repeat(60_000)} HTTP/1.1`), 414],
  ['another method', () => request('DELETE /metrics HTTP/1.1'), 405],
  ['a large body', () => request('POST /metrics HTTP/1.1', 'Host: x\r\nContent-Length: 700000\r\n'), 413],
] as const)('%s gets none', async (_what, call, status) => {
  const answer = await call()
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toMatch(/content-type: application\/json/i)
  expect(answer).toMatch(/content-security-policy: default-src 'none'/i)
  expect(answer).not.toContain('up 1')
})

it('a fault is told in JSON', async () => {
  figures = () => Promise.reject(new Error('away'))
  expect(await request('GET /metrics HTTP/1.1')).toMatch(/^HTTP\/1\.1 500 [\s\S]*\{"error":"internal"\}/)
})
