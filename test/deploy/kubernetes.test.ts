import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { environmentSchema, mayComeFromFile } from '../../src/config/environment.ts'

const folder = 'deploy/kubernetes'
const example = 'secrets.example.yaml'
type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } }

const { resources } = parse(readFileSync(`${folder}/kustomization.yaml`, 'utf8')) as { resources: string[] }
const manifests = resources.flatMap((file) =>
  parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')).map((document) => document.toJS() as Manifest),
)
const named = (kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name) as never as Workload

/** The part of a Deployment or Job that the tests look at. */
type Workload = {
  spec: {
    template: {
      metadata: { labels: Record<string, string> }
      spec: {
        securityContext: Record<string, unknown>
        volumes: { name: string }[]
        containers: {
          securityContext: Record<string, unknown>
          volumeMounts: { name: string }[]
          env?: { name: string; value: string }[]
          readinessProbe?: { httpGet: { path: string } }
          livenessProbe?: { httpGet: { path: string } }
        }[]
      }
    }
  }
}

type Model = { validate(): void }

/** Checks a manifest against the schema of its API version. @throws with the path of each fault */
async function validate(manifest: Manifest): Promise<void> {
  const api = (await import(`kubernetes-models/${manifest.apiVersion}`)) as Record<string, new (data: unknown) => Model>
  const Kind = api[manifest.kind]
  if (!Kind) throw new Error(`${manifest.apiVersion} has no ${manifest.kind}`)
  new Kind(manifest).validate()
}

describe('the Kubernetes set', () => {
  it.each(manifests.map((manifest) => [manifest.kind, manifest.metadata.name, manifest] as const))(
    '%s %s follows the schema of its API version',
    (_kind, _name, manifest) => expect(validate(manifest)).resolves.toBeUndefined(),
  )

  it('would refuse a manifest that lacks a field', async () => {
    const web = structuredClone(named('Deployment', 'web')) as never as { spec: Record<string, unknown> }
    web.spec.template = undefined
    await expect(validate(web as never)).rejects.toThrow('template')
  })

  it('names every file of the folder', () => {
    expect(
      readdirSync(folder)
        .filter((file) => !['kustomization.yaml', example].includes(file))
        .sort(),
    ).toEqual([...resources].sort())
  })

  it('sets nothing that the process does not know', () => {
    const settings = manifests.find(({ kind }) => kind === 'ConfigMap') as never as { data: Record<string, string> }
    for (const name of Object.keys(settings.data)) {
      const setting = name.replace(/_FILE$/, '')
      expect(Object.keys(environmentSchema.shape)).toContain(setting)
      if (name.endsWith('_FILE')) expect(mayComeFromFile(setting)).toBe(true)
    }
  })

  it('shows a secret for each setting that comes from a file, and applies none', async () => {
    const settings = manifests.find(({ kind }) => kind === 'ConfigMap') as never as { data: Record<string, string> }
    const secrets = parse(readFileSync(`${folder}/${example}`, 'utf8')) as Manifest & {
      stringData: Record<string, string>
    }
    await validate(secrets)
    const files = Object.values(settings.data).filter((value) => value.startsWith('/secrets/'))
    expect(files.map((path) => path.replace('/secrets/', '')).sort()).toEqual(Object.keys(secrets.stringData).sort())
    expect(Object.values(secrets.stringData).join('')).toBe('')
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
  })

  it.each([
    ['Deployment', 'web'],
    ['Deployment', 'worker'],
    ['Job', 'migration'],
  ])('%s %s runs without root, without write access, with the volumes that it mounts', (kind, name) => {
    const { spec } = named(kind, name).spec.template
    const [container] = spec.containers
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const volumes = spec.volumes.map((volume) => volume.name)
    for (const mount of container?.volumeMounts ?? []) expect(volumes).toContain(mount.name)
  })

  it('leaves the number of web pods to the autoscaler', () => {
    expect(named('Deployment', 'web').spec).not.toHaveProperty('replicas')
    expect(named('HorizontalPodAutoscaler', 'web')).toMatchObject({ spec: { minReplicas: 2 } })
  })

  it('gives the letters to the workers only', () => {
    const mounts = (name: string) => named('Deployment', name).spec.template.spec.volumes.map((volume) => volume.name)
    expect(mounts('worker')).toContain('letters')
    expect(mounts('web')).not.toContain('letters')
  })

  it.each(['web', 'worker'])('%s plays its role and is asked for its health', (name) => {
    const [container] = named('Deployment', name).spec.template.spec.containers
    expect(container?.env).toContainEqual({ name: 'ROLE', value: name })
    expect(container?.livenessProbe?.httpGet.path).toBe('/health/live')
    expect(container?.readinessProbe?.httpGet.path).toBe('/health/ready')
  })
})
