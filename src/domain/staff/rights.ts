import { type AdminScope, adminScopes } from '../clients/scopes.ts'

/** The roles of staff; each person has one. */
export const roles = ['owner', 'clients', 'support', 'letters', 'auditor'] as const
export type Role = (typeof roles)[number]

/**
 * The one table of what staff may do, and which roles may: console, HTTP API and documents go by it. Rights that end in `read` change
 * nothing; who approves an act of two persons needs the right to ask for it.
 */
export const rights = {
  'clients:read': ['owner', 'clients', 'auditor'],
  'clients:write': ['owner', 'clients'],
  'keys:read': ['owner', 'clients', 'auditor'],
  'keys:write': ['owner'],
  'letters:read': ['owner', 'letters', 'auditor'],
  'letters:write': ['owner', 'letters'],
  'members:read': ['owner', 'support'],
  'members:write': ['owner', 'support'],
  'audit:read': ['owner', 'auditor'],
  'statistics:read': ['owner', 'clients', 'support', 'letters', 'auditor'],
  'staff:read': ['owner', 'auditor'],
  'staff:write': ['owner'],
} as const satisfies Record<string, readonly Role[]>

export type Right = keyof typeof rights

export const may = (role: Role, right: Right): boolean => (rights[right] as readonly Role[]).includes(role)

/** What a role may do, in the order of the table. */
export const rightsOf = (role: Role): Right[] => (Object.keys(rights) as Right[]).filter((right) => may(role, right))

/** The scopes of the administration that a role may hand on to a service: those of what it may do itself. */
export const adminScopesOf = (role: Role): AdminScope[] =>
  adminScopes.filter((scope) => may(role, scope === 'admin:approvals:read' ? 'staff:read' : rightOf(scope)))

const rightOf = (scope: Exclude<AdminScope, 'admin:approvals:read'>) => scope.slice('admin:'.length) as Right

export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)
