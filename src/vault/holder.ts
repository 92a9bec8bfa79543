import { type Credential, sourceKeysOf } from '#seal/credential'
import type { Role } from '#seal/keys'

/** What the credential may do that the vault was opened with. */
export type Holder = {
  /** As whom it signs, in the order of their power; capture by its sources. */
  readonly roles: readonly Exclude<Role, 'capture'>[]
  /** Sources that it captures; `all` with the keys that theirs are derived from. */
  readonly captures: readonly string[] | 'all'
  /** Whether rows open. */
  readonly reads: boolean
  readonly epoch: number
}

const ROLES = ['root', 'keeper', 'restore', 'custodian', 'auditor'] as const

export function holderOf(credential: Credential): Holder {
  const { epoch = 1, masters, read, signing, sources } = credential
  const captures = Object.keys(sources).filter(
    (source) => sourceKeysOf(credential, source).signing !== undefined,
  )
  return {
    roles: ROLES.filter((role) => signing[role] !== undefined),
    captures: masters.captureSigning === undefined ? captures : 'all',
    reads: read !== undefined,
    epoch,
  }
}
