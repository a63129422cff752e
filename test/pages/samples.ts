import type { PageLocals } from '../../src/http/render.ts'

/** One page in one state, as a route or step would give it to `ctx.renderPage`. */
export type Sample = { name: string; view: string; locals: PageLocals; status?: number }

const sample = (view: string, locals: PageLocals = {}, state = ''): Sample => ({
  name: state ? `${view}-${state}` : view,
  view,
  locals: { action: '/pfad', ...locals },
})

const refused = (...pairs: [string, string, Record<string, string | number>?][]): PageLocals['errors'] =>
  Object.fromEntries(pairs.map(([field, reason, params]) => [field, { key: `errors.${field}.${reason}`, params }]))

const signIn: PageLocals = {
  asking: { name: 'Meine-AOK-Portal', reviewed: true },
  cancelPath: '/anmeldung/abc/abbrechen',
}
const at = (time: string) => new Date(`2026-11-24T${time}+01:00`)
const insurers = [{ insurerNumber: '108310400', name: 'AOK Bayern' }]
const credentials = { insurers, identificationWays: ['post'] }
const registrationMtan = {
  mobile: '+49 1511 2345671',
  sent: true,
  purpose: 'registration',
  expiresAt: at('14:10:00'),
  resendAt: at('14:05:30'),
  resendsLeft: 4,
  blockedUntil: null,
}
const signInMtan = { ...registrationMtan, mobile: '+49 151 ••••• 71', purpose: 'signIn' }
const unsent = { sent: false, expiresAt: null, resendAt: null, resendsLeft: 0 }
const questions = [
  { id: 'first_teacher', text: 'Wie hieß Ihre erste Lehrerin oder Ihr erster Lehrer?' },
  { id: 'first_pet', text: 'Wie hieß Ihr erstes Haustier?' },
]
const logoutForm =
  '<form id="op.logoutForm" method="post" action="/session/end/confirm"><input type="hidden" name="xsrf" value="x"/></form>'

const registration: Sample[] = [
  sample('registration/credentials', {
    progress: { step: 1, of: 4 },
    model: credentials,
    values: { insurerNumber: '108310400', identification: 'post' },
  }),
  sample(
    'registration/credentials',
    {
      progress: { step: 1, of: 4 },
      model: credentials,
      values: { insuranceNumber: 'A123456789', insurerNumber: '108310400', identification: 'x', username: 'erika' },
      errors: refused(
        ['insuranceNumber', 'check_digit'],
        ['insurerNumber', 'unknown'],
        ['identification', 'invalid'],
        ['username', 'taken'],
        ['password', 'too_short'],
        ['passwordRepeat', 'mismatch'],
        ['acceptTerms', 'required'],
      ),
    },
    'refused',
  ),
  sample('registration/contact', { progress: { step: 2, of: 4 }, model: { countries: ['DE'] } }),
  sample(
    'registration/contact',
    {
      progress: { step: 2, of: 4 },
      values: { email: 'Erika@GMIAL.com', mobile: '089 1234567' },
      model: { countries: ['DE'], emailSuggestion: 'Erika@gmail.com' },
      errors: refused(['email', 'suggestion', { suggestion: 'Erika@gmail.com' }], ['mobile', 'not_mobile']),
    },
    'suggestion',
  ),
  sample('registration/mtan', { progress: { step: 3, of: 4 }, model: registrationMtan }),
  sample(
    'registration/mtan',
    { progress: { step: 3, of: 4 }, model: registrationMtan, errors: refused(['mtan', 'username_taken']) },
    'taken',
  ),
  sample('registration/done', {
    progress: { step: 4, of: 4 },
    model: { email: 'e•••••@example.de', activationLastDay: '2026-12-22' },
  }),
  sample('registration/expired'),
  sample('activation/confirm'),
  sample('activation/done', { model: { letterDay: '2026-11-25', codeDays: 30 } }),
  sample('activation/used'),
  sample('activation/used', { model: { letterDay: '2026-11-25' } }, 'waiting'),
  sample('activation/expired'),
  sample('activation/unknown'),
]

const signingIn: Sample[] = [
  sample('sign-in/password', { ...signIn, values: { username: 'lena.huber' } }),
  sample(
    'sign-in/password',
    {
      ...signIn,
      model: { maxAge: true },
      values: { username: 'lena' },
      errors: refused(['username', 'wrong'], ['password', 'wrong']),
    },
    'wrong',
  ),
  sample('sign-in/unlock-code', {
    ...signIn,
    progress: { step: 2, of: 4 },
    model: { postedOn: '2026-11-12', lastDay: '2026-12-12' },
  }),
  sample(
    'sign-in/unlock-code',
    {
      ...signIn,
      progress: { step: 2, of: 4 },
      model: { postedOn: null, lastDay: null },
      values: { unlockCode: '7K3M-ABCD-EFG8' },
      errors: refused(['unlockCode', 'check_character']),
    },
    'refused',
  ),
  sample('sign-in/mtan', { ...signIn, progress: { step: 2, of: 2 }, model: signInMtan }),
  sample(
    'sign-in/mtan',
    {
      ...signIn,
      progress: { step: 3, of: 4 },
      model: { ...signInMtan, resendAt: null, resendsLeft: 0 },
      errors: refused(['mtan', 'wrong', { triesLeft: 1 }]),
    },
    'wrong',
  ),
  sample('sign-in/mtan', { ...signIn, model: { ...signInMtan, ...unsent, blockedUntil: at('15:30:00') } }, 'blocked'),
  sample('sign-in/mtan', { ...signIn, model: { ...signInMtan, ...unsent } }, 'unsent'),
  sample('sign-in/security-question', { ...signIn, progress: { step: 4, of: 4 }, model: { questions } }),
  sample(
    'sign-in/security-question',
    {
      ...signIn,
      progress: { step: 4, of: 4 },
      model: { questions },
      values: { securityQuestion: 'first_pet' },
      errors: refused(['securityQuestion', 'empty'], ['securityAnswer', 'part_of_name']),
    },
    'refused',
  ),
  sample('sign-in/not-activated', {
    ...signIn,
    model: { activationLastDay: '2026-12-22', email: 'e•••••@example.de', resent: false },
  }),
  sample(
    'sign-in/not-activated',
    { ...signIn, model: { activationLastDay: '2026-12-22', email: 'e•••••@example.de', resent: true } },
    'resent',
  ),
  sample('sign-in/awaiting-letter', { ...signIn, model: { letterDay: '2026-11-25' } }),
  sample('sign-in/new-letter', { ...signIn, model: { lastDay: '2026-11-20', allowedFrom: null, reason: 'expired' } }),
  sample(
    'sign-in/new-letter',
    { ...signIn, model: { lastDay: null, allowedFrom: at('16:20:00'), reason: 'lost' } },
    'later',
  ),
  sample('sign-in/new-letter-requested', { ...signIn, model: { letterDay: '2026-11-25' } }),
  ...['guardian', 'deceased', 'staff'].map((reason) =>
    sample('sign-in/suspended', { ...signIn, model: { reason } }, reason),
  ),
  sample('sign-in/ended', signIn),
  sample('sign-in/paused', { ...signIn, model: { until: at('14:20:00'), canSendLink: true, username: 'lena.huber' } }),
  sample('sign-in/paused', { model: { until: at('14:20:00'), canSendLink: false } }, 'without-link'),
  sample('sign-in/device-link-sent', signIn),
  sample('sign-in/expired', { model: { restartPath: '/anmeldung' } }),
  sample(
    'sign-in/expired',
    { model: { clientName: 'Meine-AOK-Portal', restartPath: 'https://portal.example/' } },
    'client',
  ),
  sample('sign-in/already-done', { model: { restartPath: '/anmeldung' } }),
  sample('sign-in/cookies-off'),
  sample('sign-in/consent', {
    ...signIn,
    asking: { name: 'Laufcoach', reviewed: false },
    model: {
      clientName: 'Laufcoach',
      reviewed: false,
      scopes: ['openid', 'profile', 'email', 'phone', 'insurance', 'offline_access', 'steps'].map((scope) => ({
        scope,
        claims: [],
      })),
    },
  }),
  sample('device/confirm'),
  sample('device/done'),
  sample('device/dead'),
  sample('sign-out/confirm', { model: { form: logoutForm } }),
  sample('sign-out/done'),
  sample('sign-out/done', { model: { clientName: 'Meine-AOK-Portal' } }, 'client'),
]

const errorKinds = [
  ['bad_request', 400],
  ['forbidden', 403],
  ['not_found', 404],
  ['too_large', 413],
  ['too_many', 429],
  ['internal', 500],
  ['unavailable', 503],
] as const

const errors: Sample[] = [
  ...errorKinds.map(([kind, status]) =>
    sample(
      'error',
      { model: { status, kind, reference: 'K7-4421', retryAfter: kind === 'unavailable' ? 10 : undefined } },
      kind,
    ),
  ),
  sample(
    'error',
    {
      model: {
        status: 400,
        kind: 'oidc',
        reference: 'K7-4421',
        oidcError: 'invalid_redirect_uri',
        oidcDescription: "redirect_uri did not match any of the client's registered redirect_uris",
        backTo: { name: 'Meine-AOK-Portal', url: 'https://portal.example/' },
      },
    },
    'oidc',
  ),
]

const information: Sample[] = [
  sample('start'),
  ...['hilfe', 'datenschutz', 'impressum', 'barrierefreiheit', 'nutzungsbedingungen', 'leichte-sprache'].map((page) =>
    sample(`info/${page}`),
  ),
  ...['password', 'username', 'mobile', 'access'].map((topic) => sample('info/recovery', { model: { topic } }, topic)),
]

/** Every page in every state that looks different. */
export const samples: Sample[] = [...information, ...registration, ...signingIn, ...errors]
