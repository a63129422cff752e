import { refused, registrationMtan, type Sample, sample } from './sample.ts'

const insurers = [{ insurerNumber: '108310400', name: 'AOK Bayern' }]
const credentials = { insurers, identificationWays: ['post'] }

/** The registration and the activation link. */
export const registrationSamples: Sample[] = [
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
