import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Finds Chromium: CHROMIUM_PATH, or `chromium-headless-shell`, `chromium` or `google-chrome` on the PATH. The shell is the same engine without
 * the windows of a desktop around it, which cost two thirds of the time of a page.
 */
export function chromiumPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  )
  return [process.env.CHROMIUM_PATH, ...onPath].find((path): path is string => path !== undefined && existsSync(path))
}

/** Flags for a browser that talks to nobody but the pages under test. */
export const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${[
    // Chromium 156 draws parts of its own window as pages, in a process of their own for each: a second of processor time.
    ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
    // Only the last such flag counts: what playwright-core 1.65 switches off.
    ...['HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable', 'LensOverlay', 'MediaRouter', 'PaintHolding'],
    ...['ThirdPartyStoragePartitioning', 'AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'AimEnabled'],
    ...['NetworkTimeServiceQuerying', 'PreconnectToSearch', 'DestroyProfileOnBrowserClose'],
  ].join(',')}`,
]
