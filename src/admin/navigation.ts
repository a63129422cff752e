import { may, type Right, type Role } from '../domain/staff/rights.ts'

/** The rooms of the console, in the order of its navigation; each is shown to whoever may read it. */
const rooms: { name: string; path: string; right: Right }[] = [
  { name: 'clients', path: '/admin/clients', right: 'clients:read' },
  { name: 'members', path: '/admin/members', right: 'members:read' },
  { name: 'letters', path: '/admin/letters', right: 'letters:read' },
  { name: 'keys', path: '/admin/keys', right: 'keys:read' },
  { name: 'audit', path: '/admin/audit', right: 'audit:read' },
  { name: 'statistics', path: '/admin/statistics', right: 'statistics:read' },
  { name: 'staff', path: '/admin/staff', right: 'staff:read' },
]

/** What the navigation shows to a role, and where it stands. */
export const navigationFor = (role: Role, path: string) =>
  rooms
    .filter(({ right }) => may(role, right))
    .map(({ name, path: href }) => ({ name, href, current: path === href || path.startsWith(`${href}/`) }))
