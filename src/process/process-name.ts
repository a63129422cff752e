import { hostname } from 'node:os'

/** Names this process for people, among those that hold keys. */
export const processName = `${hostname()}:${process.pid}`
