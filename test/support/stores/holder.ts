import { lockDataFolder } from '../../../src/stores/database/embedded/lock.ts'

// Takes the data folder of its first argument, says whether it got it, and keeps it until it is killed. `forget`: nothing
// refers to what the lock gave back, and the memory is collected.
const [dataDir = '', mode] = process.argv.slice(2)
let giveBack: (() => void) | undefined
try {
  giveBack = lockDataFolder(dataDir)
  if (mode === 'forget') {
    giveBack = undefined
    for (let time = 0; time < 3; time++) globalThis.gc?.()
  }
  process.stdout.write('got it\n')
} catch (error) {
  process.stdout.write(`${(error as Error).name}\n`)
}
// Whoever came second stays, too: all are looked at before anybody ends.
process.stdin.on('end', () => giveBack?.()).resume()
