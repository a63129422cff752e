import { demoClientFile } from '../../config/clients/sources.ts'
import { StartUpError } from '../../errors.ts'
import type { Stores } from '../../stores/index.ts'

type Where = Pick<Stores, 'settings' | 'clients' | 'clientFiles' | 'staff'>

/** The address of every demo person ends so. */
const demoDomain = '@demo.invalid'

/**
 * Names what development has left in a database. It takes several steps to load it all, and a start that ends in between leaves some: so
 * each is looked for by itself.
 */
export async function findDemoData({ settings, clients, clientFiles, staff }: Where): Promise<string[]> {
  // Whose row cannot be opened is told by doctor.
  const people = await staff.all(() => {})
  const isDemoStaff =
    (await settings.get('demo_staff_loaded')) !== null || people.some(({ email }) => email.endsWith(demoDomain))
  const isDemoClient =
    (await clientFiles.find(demoClientFile)) ?? (await clients.ofFiles([demoClientFile], [])).length > 0
  return [
    ...((await settings.get('demo_loaded')) ? ['members with a published password'] : []),
    ...(isDemoClient ? ['applications with published secrets'] : []),
    ...(isDemoStaff ? ['staff with a published password'] : []),
  ]
}

/**
 * Keeps production away from a database that development has used: what is in it can be used by anybody.
 * @throws StartUpError
 */
export async function refuseDemoData(stores: Where): Promise<void> {
  const found = await findDemoData(stores)
  if (found.length > 0)
    throw new StartUpError(`The database holds demo data: ${found.join(', ')}. Set DATABASE_URL to one without.`)
}
