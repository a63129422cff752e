import type { PageLocals } from '../../src/http/views/render.ts'
import { at, refused, registrationMtan, type Sample, sample } from './sample.ts'

const signIn: PageLocals = {
  asking: { name: 'Meine-AOK-Portal', reviewed: true },
  cancelPath: '/anmeldung/abc/abbrechen',
}
const signInMtan = { ...registrationMtan, mobile: '+49 151 ••••• 71', purpose: 'signIn' }
const unsent = { sent: false, expiresAt: null, resendAt: null, resendsLeft: 0 }
const questions = [
  { id: 'first_teacher', text: 'Wie hieß Ihre erste Lehrerin oder Ihr erster Lehrer?' },
  { id: 'first_pet', text: 'Wie hieß Ihr erstes Haustier?' },
]
const logoutForm =
  '<form id="op.logoutForm" method="post" action="/session/end/confirm"><input type="hidden" name="xsrf" value="x"/></form>'

const onwardForm = '<form id="op.logoutForm" method="get" action="/oidc/logout/onward"></form>'
const signedOut = { form: onwardForm, clientName: 'Meine-AOK-Portal' }

/** Sign-in, its notices, browsers, consent and sign-out. */
export const signInSamples: Sample[] = [
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
  sample('sign-in/email-bounced', {
    ...signIn,
    model: { bounce: { reason: 'gone', email: 'l•••@example.org' } },
  }),
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
  sample('sign-in/browser-link-sent', signIn),
  sample('sign-in/expired', { model: { restartPath: '/anmeldung' } }),
  sample(
    'sign-in/expired',
    { model: { clientName: 'Meine-AOK-Portal', restartPath: 'https://portal.example/' } },
    'client',
  ),
  sample('sign-in/already-done', { model: { restartPath: '/anmeldung' } }),
  sample('sign-in/cookies-off'),
  sample('sign-in/cookies-gone', { model: { path: '/registrierung?probe=1' } }),
  sample('sign-in/other-browser', { model: { clientName: 'Meine-AOK-Portal', restartPath: '/anmeldung' } }),
  sample('sign-in/session-ended', {
    model: { kind: 'signedOut', clientName: 'Meine-AOK-Portal', restartPath: '/oidc/auth?client_id=portal' },
  }),
  sample('sign-in/session-ended', { model: { kind: 'signedInAgain', restartPath: '/anmeldung' } }, 'again'),
  sample('sign-in/go-on', { ...signIn, model: { url: '/oidc/auth/abc' } }),
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
  sample('browser/confirm'),
  sample('browser/done'),
  sample('browser/dead'),
  sample('sign-out/confirm', { model: { form: logoutForm } }),
  sample('sign-out/confirm', { model: { form: logoutForm, clientName: 'Laufcoach', stranded: true } }, 'stranded'),
  sample('sign-out/done', { model: { form: onwardForm } }),
  sample('sign-out/done', { model: { ...signedOut, leadsToClient: true } }, 'client'),
  sample('sign-out/done', { model: { ...signedOut, stranded: true, leadsToClient: true } }, 'stranded'),
  sample('sign-out/done', { model: { form: onwardForm, stays: true } }, 'stays'),
  sample('sign-out/done', { model: { ...signedOut, stays: true, leadsToClient: true } }, 'left'),
]
