import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Folders whose files take longest, the longest first: they start processes, browsers and servers. A file that begins last and
 * takes a minute leaves the other cores without work for that long.
 */
const slowFolders = [
  'test/process',
  'test/faults',
  'test/browser',
  'test/deploy',
  'test/cli',
  'test/oidc',
  'test/journeys',
]

/** Begins with the slowest files: by what they took the last time, or where nobody knows (CI), by their folder and their size. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const { root } = this.ctx.config
    const known = sorted.some((file) => this.ctx.cache.getTestSpecificationResult(file))
    if (known) return sorted
    const rank = ({ moduleId }: TestSpecification) => {
      const place = slowFolders.findIndex((folder) => moduleId.startsWith(`${root}/${folder}/`))
      return place < 0 ? slowFolders.length : place
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}
