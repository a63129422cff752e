import { execFileSync } from 'node:child_process'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { type Child, toApp } from '../support/machine/child.ts'
import { createProcessWorld } from '../support/machine/processes.ts'
import { waitFor } from '../support/wait.ts'
import { makeActive, signInAgain, somebody } from '../support/walk.ts'

let world: Awaited<ReturnType<typeof createProcessWorld>>
const closers: (() => void)[] = []
beforeEach(async () => {
  world = await createProcessWorld()
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await world.close()
})

const pidsOf = ({ process: { pid } }: Child): number[] => {
  const children = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return children
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([own, of]) => (of === pid && own ? [own] : []))
}
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const statusOf = (url: string) =>
  fetch(url).then(
    (answer) => answer.status,
    () => 0,
  )

/** A balancer that gives every request to another process than the one before. */
async function startBalancer() {
  const ports: number[] = []
  const served = new Map<number, number>()
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const port = ports[turn++ % ports.length] ?? 0
    served.set(port, (served.get(port) ?? 0) + 1)
    const { method, url, headers } = incoming
    const passed = request({ port, method, path: url, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { issuer: `http://localhost:${(server.address() as AddressInfo).port}`, ports, served }
}

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES)('several processes', () => {
  it('share one sign-in whose every request meets another of them, while a worker does deliveries and jobs', async () => {
    const balancer = await startBalancer()
    const variables = { ISSUER: balancer.issuer, IP_LIMIT_FACTOR: '1000' }
    const first = world.start(variables, ['--role', 'web'])
    const one = await first.ready
    const callback = `demo-portal=http://localhost:${one.demoPort}/callback`
    const second = world.start({ ...variables, ROLE: 'web', DEMO_REDIRECT_URIS: callback })
    const worker = world.start({ ...variables, ROLE: 'worker' })
    balancer.ports.push(one.port, (await second.ready).port)
    const app = toApp({ ...one, issuer: balancer.issuer }, world.dataDir)
    const { port } = await worker.ready
    expect(await statusOf(`http://127.0.0.1:${port}/health/ready`)).toBe(200)
    expect(await statusOf(`http://127.0.0.1:${port}/registrierung`)).toBe(404)

    const person = somebody('A123456780')
    await makeActive(app, person)
    expect(new URL((await signInAgain(createClient(), app, person)).url).origin).toBe(app.demo)
    const [a = 0, b = 0] = balancer.ports.map((each) => balancer.served.get(each) ?? 0)
    expect(Math.min(a, b)).toBeGreaterThan(10)
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1)
  })

  it('replace one that dies, and all end with the first one, also when it is killed', async () => {
    const cluster = world.start({ WEB_CONCURRENCY: '2' })
    const { port } = await cluster.ready
    const before = pidsOf(cluster)
    expect(before).toHaveLength(2)
    process.kill(before[0] ?? 0, 'SIGKILL')
    await waitFor(() => pidsOf(cluster).length === 2 && !pidsOf(cluster).includes(before[0] ?? 0))
    await waitFor(() => /"replacedIn":0.*process died/.test(cluster.out()))
    await waitFor(async () => (await statusOf(`http://127.0.0.1:${port}/health/ready`)) === 200)
    const after = pidsOf(cluster)
    cluster.process.kill('SIGKILL')
    await waitFor(() => !after.some(isAlive))
  })
})

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES)('the end of a process', () => {
  /** A request whose body is not complete yet. */
  function beginRequest(port: number) {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.write(
      'POST /dev/jobs/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
    )
    const done = new Promise<string>((resolve) => socket.on('close', () => resolve(answer)))
    return { finish: () => socket.write('}'), done }
  }

  it('first turns unready, still answers, then finishes what is under way and accepts no more', async () => {
    const child = world.start({ DRAIN_DELAY: '1' })
    const { port } = await child.ready
    const address = `http://127.0.0.1:${port}`
    const underWay = beginRequest(port)
    await waitFor(async () => (await statusOf(`${address}/health/ready`)) === 200)
    child.process.kill('SIGTERM')
    await waitFor(async () => (await statusOf(`${address}/health/ready`)) === 503)
    expect(await statusOf(`${address}/health/live`)).toBe(200)
    expect(await statusOf(`${address}/hilfe`)).toBe(200)
    await waitFor(async () => (await statusOf(`${address}/health/live`)) === 0)
    underWay.finish()
    expect(await underWay.done).toMatch(/^HTTP\/1.1 200/)
    expect(await child.ended).toBe(0)
  })

  it('is bounded, and comes at once with a second signal', async () => {
    const child = world.start({ DRAIN_TIMEOUT: '20' })
    const { port } = await child.ready
    beginRequest(port)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const begun = performance.now()
    child.process.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(child.process.exitCode).toBeNull()
    child.process.kill('SIGTERM')
    expect(await child.ended).toBe(1)
    expect(performance.now() - begun).toBeLessThan(3000)

    const bounded = world.start({ DRAIN_TIMEOUT: '4' })
    beginRequest((await bounded.ready).port)
    await new Promise((resolve) => setTimeout(resolve, 300))
    bounded.process.kill('SIGTERM')
    expect(await bounded.ended).toBe(0)
    expect(bounded.out()).toContain('process is ending')
  })
})
