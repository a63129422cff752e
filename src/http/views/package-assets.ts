import { fileURLToPath } from 'node:url'

/** Files of packages that pages load from our own address, by their name below `/assets/`. */
export const packageAssets = (): Record<string, string> => ({
  'webauthn.js': fileURLToPath(
    new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser')),
  ),
})
