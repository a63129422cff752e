import { createLifecycle } from '../../src/process/lifecycle.ts'
import { createLogger } from '../../src/process/logger.ts'

/** A process that meets the fault named by its argument. */
const lifecycle = createLifecycle({ log: createLogger('info'), delay: 0, timeout: 1 })
const fault = process.argv[2]
setInterval(() => {}, 1000)
lifecycle.started({
  async close() {
    if (fault === 'hang') await new Promise(() => {})
    process.stdout.write('closed\n')
  },
})
if (fault === 'rejection') Promise.reject(new Error('nobody catches this'))
else if (fault === 'exception') setTimeout(() => JSON.parse('{'), 1)
else process.kill(process.pid, 'SIGTERM')
