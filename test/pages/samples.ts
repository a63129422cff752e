import { type Sample, sample } from './sample.ts'
import { registrationSamples } from './samples-registration.ts'
import { signInSamples } from './samples-sign-in.ts'

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
  sample('start', { model: { signsIn: true } }),
  ...['hilfe', 'datenschutz', 'impressum', 'barrierefreiheit', 'nutzungsbedingungen', 'leichte-sprache'].map((page) =>
    sample(`info/${page}`),
  ),
  ...['password', 'username', 'mobile', 'access'].map((topic) => sample('info/recovery', { model: { topic } }, topic)),
]

/** Every page in every state that looks different. */
export const samples: Sample[] = [...information, ...registrationSamples, ...signInSamples, ...errors]
