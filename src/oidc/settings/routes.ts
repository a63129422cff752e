/** Addresses of the protocol endpoints; discovery tells them, nobody should build them. */
export const routes = {
  authorization: '/oidc/auth',
  token: '/oidc/token',
  userinfo: '/oidc/userinfo',
  jwks: '/oidc/jwks',
  introspection: '/oidc/token/introspection',
  revocation: '/oidc/token/revocation',
  end_session: '/oidc/logout',
  pushed_authorization_request: '/oidc/par',
} as const
