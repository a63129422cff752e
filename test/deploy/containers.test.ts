import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { environmentSchema, mayComeFromFile } from '../../src/config/environment.ts'
import { startChild } from '../support/machine/child.ts'

const root = resolve(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')

type Service = {
  environment?: Record<string, string>
  read_only?: boolean
  cap_drop?: string[]
  healthcheck?: object
  secrets?: string[]
  network_mode?: string
}
type Compose = { services: Record<string, Service>; secrets?: Record<string, { file: string }> }
const compose = (file: string) => parse(readFileSync(join(root, file), 'utf8'), { merge: true }) as Compose
const application = ['web', 'worker', 'migrate']

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { dev?: boolean }>
}

/** Copies what the Dockerfile copies, with the packages of production only, as `npm ci --omit=dev` leaves them. */
function copyImage(stage: 'sandbox' | 'production'): string {
  const image = mkdtempSync(join(tmpdir(), `image-${stage}-`))
  const copied = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '))
  for (const path of new Set(copied)) {
    expect(ignored, `.dockerignore lets ${path} through`).toContain(`!${path}`)
    cpSync(join(root, path), join(image, path), { recursive: true })
  }
  const removed = stage === 'production' ? /RUN rm -rf (.+)/.exec(dockerfile)?.[1]?.split(' ') : undefined
  for (const path of removed ?? []) {
    expect(existsSync(join(image, path)), `${path} exists`).toBe(true)
    rmSync(join(image, path), { recursive: true })
  }
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue
    mkdirSync(dirname(join(image, path)), { recursive: true })
    symlinkSync(join(root, path), join(image, path))
  }
  return image
}

describe('the image', () => {
  const images: string[] = []
  const imageOf = (stage: 'sandbox' | 'production') => {
    const image = copyImage(stage)
    images.push(image)
    return image
  }
  afterAll(() => {
    for (const image of images) rmSync(image, { recursive: true })
  })

  it('holds everything that the production process loads, and nothing of the demo', async () => {
    const image = imageOf('production')
    for (const name of readdirSync(image, { recursive: true, encoding: 'utf8' }))
      if (!name.startsWith('node_modules')) expect(name, 'nothing of the demo').not.toMatch(/(^|\/)demo(\/|\.|$)/)
    // Loads every module of the production process; a missing file or demo part would throw.
    const { startApp } = (await import(pathToFileURL(join(image, 'src/app.ts')).href)) as { startApp: unknown }
    expect(startApp).toBeTypeOf('function')
    await import(pathToFileURL(join(image, 'src/cli/frame.ts')).href)
  })

  it('of the sandbox starts with its demo relying party', async () => {
    const image = imageOf('sandbox')
    const child = startChild({ SANDBOX: 'true', DATA_DIR: join(image, 'data') }, [], image)
    const { demoPort } = await child.ready
    expect((await fetch(`http://localhost:${demoPort}/vendor/oidc-client-ts.js`)).status).toBe(200)
    child.process.kill('SIGTERM')
    await child.ended
  })

  it('runs as a user who owns nothing of it, asks its own health, and is Node 24 in every stage', () => {
    const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\w+)$/gm)].map(([, from, name]) => ({ from, name }))
    expect(stages.map(({ name }) => name)).toEqual(['dependencies', 'application', 'sandbox', 'production'])
    for (const { from } of stages) expect(from).toMatch(/^(node:24-bookworm-slim|application)$/)
    expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('USER root'))
    expect(dockerfile).toContain('/health/live')
    expect(dockerfile).not.toMatch(/COPY --chown/)
  })
})

describe.each(['docker-compose.yml', 'docker-compose.production.yml'])('%s', (file) => {
  const { services, secrets = {} } = compose(file)

  it.each(application)('gives %s only settings that the process knows', (name) => {
    for (const variable of Object.keys(services[name]?.environment ?? {})) {
      const setting = variable.replace(/_FILE$/, '')
      expect(Object.keys(environmentSchema.shape)).toContain(setting)
      if (variable.endsWith('_FILE')) expect(mayComeFromFile(setting)).toBe(true)
    }
  })

  it.each(application)('runs %s without capabilities on a read-only root', (name) => {
    expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
  })

  it('knows every secret that it mounts', () => {
    for (const name of application)
      for (const secret of services[name]?.secrets ?? []) {
        expect(Object.keys(secrets)).toContain(secret)
        expect(Object.values(services[name]?.environment ?? {})).toContain(`/run/secrets/${secret}`)
      }
  })

  it('has a role for web and worker', () => {
    expect(services.web?.environment?.ROLE).toBe('web')
    expect(services.worker?.environment?.ROLE).toBe('worker')
  })
})

it('the sandbox asks the health of every store', () => {
  const { services } = compose('docker-compose.yml')
  for (const name of ['postgres', 'redis', 'mailpit']) expect(services[name]?.healthcheck).toBeDefined()
})

it('the worker of the sandbox reaches the demo relying party where web has it', () => {
  const { web, worker } = compose('docker-compose.yml').services
  expect(worker?.network_mode).toBe('service:web')
  expect(worker?.environment?.PORT).not.toBe(web?.environment?.PORT)
})
