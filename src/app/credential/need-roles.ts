import { roleMissing } from '#vault/author'
import type { Holder } from '#vault/holder'
import type { Vault } from '#vault/vault'

/**
 * Refuses before anything is read, shown or asked what could not be committed in the end.
 * @param doing reads "Cannot <what> <which>"
 * @throws vault.role-missing unless the credential signs as each of these roles
 */
export function needRoles(
  { holder }: Pick<Vault, 'holder'>,
  roles: Holder['roles'],
  doing: string,
): void {
  const missing = roles.filter((role) => !holder.roles.includes(role))
  if (missing.length === 0) return
  const found = `it holds no signing key of ${missing.join(' or ')}`
  throw roleMissing(doing, found, roles.join(' and '))
}
