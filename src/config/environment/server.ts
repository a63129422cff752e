import { z } from 'zod'
import { networks, port, trustedProxies } from './types.ts'

/** Process and network. */
export const serverSettings = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('`production` refuses demo parts; `test` behaves like development'),
  ISSUER: z
    .url()
    .optional()
    .describe(
      'issuer identifier, for example `https://anmeldung.example.org`; required in production and https there; in development it follows the port',
    ),
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'address to listen on; the image sets `0.0.0.0`. Development on other than loopback needs `SANDBOX=true`',
    ),
  PORT: port.default(3000).describe('port of the issuer; 0 picks a free one'),
  DEMO_PORT: port.default(3001).describe('port of the demo relying party (development)'),
  DATA_DIR: z
    .string()
    .default('./data')
    .describe('folder of the embedded database, the development secrets and `demo.json`'),
  CONFIG_DIR: z.string().optional().describe('folder with the configuration files; unset: `config/` of the project'),
  WEB_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .default(1)
    .describe('processes on one port; more than one needs `DATABASE_URL`'),
  TRUST_PROXY: trustedProxies
    .prefault('false')
    .describe(
      'whose `X-Forwarded-For` and `X-Request-Id` count: `true` (one proxy), a number of proxies in a row, or their addresses and networks as `10.0.0.0/8,192.0.2.4`; see [install.md](install.md#proxies-in-front)',
    ),
  PLAIN_CONNECTIONS: z
    .string()
    .transform((list) => list.split(',').map((name) => name.trim()))
    .optional()
    .describe(
      'settings, comma-separated, whose connections may leave the machine in clear because the network itself is encrypted, for example `REDIS_URL,gateways.second.url`; each is logged at every start',
    ),
  CLIENT_PRIVATE_HOSTS: z
    .string()
    .regex(
      /^\s*(\[[0-9a-f:]+\]|[\w.-]+)(:\d{1,5})?(\s*,\s*(\[[0-9a-f:]+\]|[\w.-]+)(:\d{1,5})?)*\s*$/i,
      'must be hosts without scheme and path, as portal.intern,api.intern:8443',
    )
    .optional()
    .transform((list) =>
      list
        ?.split(',')
        .map((host) => host.trim().toLowerCase())
        .filter(Boolean),
    )
    .describe(
      'hosts on private addresses, as `portal.intern,api.intern:8443`, from which key sets of applications (`jwks_uri`) may be fetched; in development those of this machine',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('least severe level: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`'),
  ADMIN_PORT: port
    .optional()
    .describe('port of the staff console alone, on `HOST`: it is not answered on `PORT` then; unset: on `PORT`'),
  ADMIN_URL: z
    .url()
    .optional()
    .describe(
      'address of the staff console when it is not the issuer, for example `https://konsole.example.org`: it is answered at this host alone; with `ADMIN_PORT` in development `http://localhost` and the port',
    ),
  ADMIN_NETWORKS: networks
    .optional()
    .describe(
      'addresses and networks, as `10.0.0.0/8,192.0.2.4`, from which the staff console is reached; unset: from everywhere',
    ),
  METRICS_PORT: port.optional().describe('port of the Prometheus metrics, on `HOST`; unset: none'),
}
