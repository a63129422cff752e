import { expect, it } from 'vitest'
import { createSettingStore } from '../../../src/stores/operation/settings.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

describeOnBoth('settings', (database) => {
  it('give back what was set last', async () => {
    const store = createSettingStore(database())
    expect(await store.get('clock_offset')).toBeNull()
    await store.set('clock_offset', '1000')
    await store.set('demo_loaded', 'true')
    await store.set('clock_offset', '2000')
    expect(await store.get('clock_offset')).toBe('2000')
    expect(await store.get('demo_loaded')).toBe('true')
  })
})
