const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test(-support)?\\.ts$' },
  to: { path: '^src/', pathNot: allowed },
})
/** As `only`, but for types, which may come from anywhere. */
const onlyCode = (...rule) => {
  const { to, ...rest } = only(...rule)
  return { ...rest, to: { ...to, dependencyTypesNot: ['type-only'] } }
}
const forbid = (name, from, to, comment, extra = {}) => ({ name, comment, severity: 'error', from, to, ...extra })

/** Who may import whom (docs/architecture.md). */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'what needs each other is one thing, or lacks a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only(
      'domain-is-pure',
      '^src/(domain/|errors\\.ts)',
      '^src/(domain/|errors\\.ts)',
      'domain and errors know only each other',
    ),
    only(
      'crypto',
      '^src/crypto/',
      '^src/crypto/|^src/domain/network/client-address\\.ts|^src/errors\\.ts',
      'crypto: errors, and who shares an address (hashing is shared out by it)',
    ),
    onlyCode(
      'config',
      '^src/config(/|\\.ts)',
      '^src/config(/|\\.ts)|^src/(domain|crypto)/|^src/errors\\.ts|^src/gateways/sms/driver\\.ts|^src/stores/database/database-url\\.ts',
      'config: domain, crypto, errors; the words of an SMS gateway, and how an address of a database is read',
    ),
    onlyCode(
      'cli',
      '^src/cli/',
      '^src/(cli|services|domain|config|crypto|app)/|^src/(config|errors)\\.ts|^src/process/(logger|process-name)\\.ts|^src/gateways/(clock|key-set-probe|os-account|email/delivery-status)\\.ts|^src/stores/(database/(database|migrations)|keys/protected-values|operation/(daily-statistics|invariants/index))\\.ts',
      'cli: services, domain, config, the wiring, and what an operator looks at below them',
    ),
    onlyCode(
      'process',
      '^src/process/',
      '^src/process/|^src/errors\\.ts|^src/domain/network/|^src/http/(plain-answer|middleware/(request-guard|security-headers))\\.ts',
      'process: errors; the listener guards and answers before the application is there',
    ),
    onlyCode(
      'metrics',
      '^src/metrics/',
      '^src/(metrics|process)/|^src/errors\\.ts|^src/(audit/events|gateways/email/email-relay-faults|services/messages/delivery-ends|services/operation/(alerts|jobs)|journeys/[a-z-]+/journey|oidc/settings/routes|http/middleware/(request-guard|security-headers))\\.ts',
      'metrics: errors, and the words of what is counted',
    ),
    only(
      'oidc',
      '^src/oidc/',
      '^src/(oidc|http|services|stores|gateways|audit|domain|crypto|journeys)/|^src/errors\\.ts',
      'oidc: everything below it, never config',
    ),
    onlyCode(
      'admin',
      '^src/admin/',
      '^src/(admin|http|services|domain)/|^src/errors\\.ts',
      'admin: http, services, domain',
    ),
    onlyCode('api', '^src/api/', '^src/(api|http|services|domain)/|^src/errors\\.ts', 'api: http, services, domain'),
    only(
      'jobs',
      '^src/jobs/',
      '^src/(jobs|services|stores|domain)/|^src/errors\\.ts',
      'jobs: services, stores, domain',
    ),
    only(
      'demo',
      '^src/demo/',
      '^src/(demo|http|services|stores|gateways|domain|crypto|jobs)/|^src/errors\\.ts',
      'demo: everything but other entrances and the wiring',
    ),
    only(
      'stores',
      '^src/stores/',
      '^src/(stores|domain|crypto|audit)/|^src/errors\\.ts',
      'stores: domain, crypto, audit, errors',
    ),
    only(
      'gateways',
      '^src/gateways/',
      '^src/(gateways|domain|crypto)/|^src/errors\\.ts',
      'gateways: domain, crypto, errors',
    ),
    only('audit', '^src/audit/', '^src/(audit|domain|crypto)/|^src/errors\\.ts', 'audit: domain, crypto, errors'),
    only(
      'services',
      '^src/services/',
      '^src/(services|domain|stores|gateways|audit|crypto)/|^src/errors\\.ts',
      'services: domain, stores, gateways, audit',
    ),
    only(
      'journeys',
      '^src/journeys/',
      '^src/(journeys|domain|stores|gateways|audit|services|crypto)/|^src/errors\\.ts',
      'journeys: domain and types of the rest',
    ),
    forbid(
      'journeys-take-types-only',
      { path: '^src/journeys/', pathNot: '\\.test\\.ts$' },
      { path: '^src/(stores|gateways|audit|services)/', dependencyTypesNot: ['type-only'] },
      'journeys see types of stores, gateways, audit and services, never their code',
    ),
    forbid(
      'steps-do-not-import-steps',
      {
        path: '^src/journeys/([^/]+)/(?!journey)[^/]+\\.ts$',
        pathNot: '(journey|state|activation|browser-link)\\.ts$|\\.test\\.ts$',
      },
      { path: '^src/journeys/[^/]+/(?!state)[^/]+\\.ts$' },
      'no step imports another',
    ),
    onlyCode(
      'http',
      '^src/http/',
      '^src/(http|journeys|domain|crypto)/|^src/errors\\.ts|^src/process/request-context\\.ts|^src/gateways/(texts|email/email-bounce-reports|sms/webhook-receipts)\\.ts',
      'http lies below oidc, account and admin; it shows texts and reads what gateways report',
    ),
    forbid(
      'entrances-stay-apart-oidc',
      { path: '^src/oidc/' },
      { path: '^src/(account|admin|cli|jobs|demo|api)/' },
      'entrances never import each other',
    ),
    forbid(
      'entrances-stay-apart-account',
      { path: '^src/account/' },
      { path: '^src/(oidc|admin|cli|jobs|demo|api)/' },
      'entrances never import each other',
    ),
    forbid(
      'entrances-stay-apart-admin',
      { path: '^src/admin/' },
      { path: '^src/(oidc|account|cli|jobs|demo|api)/' },
      'entrances never import each other',
    ),
    forbid(
      'entrances-stay-apart-api',
      { path: '^src/api/' },
      { path: '^src/(oidc|account|admin|cli|jobs|demo)/' },
      'entrances never import each other',
    ),
    forbid(
      'entrances-stay-apart-cli',
      { path: '^src/cli/' },
      { path: '^src/(oidc|account|admin|jobs|demo|api)/' },
      'entrances never import each other',
    ),
    forbid(
      'entrances-stay-apart-jobs',
      { path: '^src/jobs/' },
      { path: '^src/(oidc|account|admin|cli|demo|api)/' },
      'entrances never import each other',
    ),
    forbid(
      'only-app-sees-demo',
      { path: '^src/', pathNot: '^src/(demo|app)/|^src/app\\.ts' },
      { path: '^src/demo/' },
      'demo is loaded by the composition root only',
    ),
    forbid(
      'only-main-and-cli-see-app',
      { path: '^src/', pathNot: '^src/(main|app)\\.ts|^src/(app|cli|metrics)/' },
      { path: '^src/app(/|\\.ts)' },
      'app.ts is the edge',
    ),
    forbid(
      'only-stores-know-knex',
      { path: '^src/', pathNot: '^src/stores/' },
      { path: 'node_modules/knex' },
      'only stores and migrations know knex',
    ),
    forbid(
      'only-oidc-knows-oidc-provider',
      { path: '^src/', pathNot: '^src/oidc/' },
      { path: 'node_modules/(@types/)?oidc-provider' },
      'oidc alone imports oidc-provider',
    ),
    forbid(
      'ioredis',
      { path: '^src/', pathNot: '^src/(gateways|oidc/adapters)/' },
      { path: 'node_modules/ioredis' },
      'only gateways and the adapters know ioredis',
    ),
    forbid(
      'journeys-without-koa',
      { path: '^src/(journeys|domain|services)/' },
      { path: 'node_modules/(@types/)?(koa|@koa)' },
      'no koa below http',
    ),
    {
      name: 'not-to-dev-dep',
      comment: 'production is installed without them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/demo/|\\.test(-support)?\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types' },
    },
    {
      name: 'no-unresolvable',
      comment: 'an import that leads nowhere fails at the start only',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
