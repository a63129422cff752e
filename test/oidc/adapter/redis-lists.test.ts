import { expect, it } from 'vitest'
import { createRedisArtefactStore } from '../../../src/oidc/adapters/redis.ts'
import { describeOnRedis } from '../../support/stores/redis.ts'

describeOnRedis(
  'what a grant issued',
  (current) => {
    const store = () => createRedisArtefactStore(current().gateway, current().prefix)
    const list = (grant: string, name: string) => `${current().prefix}Grant:{${grant}}:${name}`
    const artefact = { sealed: 'x', lifetime: 60 }

    it('cannot be found when it could not be listed', async () => {
      const { gateway } = current()
      await gateway.run((client) => client.set(list('broken', 'issued'), 'no list'))
      await expect(store().save('AccessToken', 'token', { ...artefact, grantHash: 'broken' })).rejects.toThrow()
      expect(await store().find('AccessToken', 'token')).toBeUndefined()
    })

    it('is forgotten once it has ended', async () => {
      const { gateway } = current()
      await store().save('AccessToken', 'short', { sealed: 'x', lifetime: 0.05, grantHash: 'long' })
      await new Promise((resolve) => setTimeout(resolve, 60))
      await store().save('AccessToken', 'next', { ...artefact, grantHash: 'long' })
      expect(await gateway.run((client) => client.zcard(list('long', 'issued')))).toBe(1)
    })
  },
  ['single'],
)
