/** Joins the names of a person as letters and claims show them; who has one name only has no blank beside it. */
export function fullName({ givenName, familyName }: { givenName: string; familyName: string }): string {
  return [givenName, familyName].filter(Boolean).join(' ')
}
