import type { Credential } from '#seal/credential'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { ObjectStore } from '#store/object-store'
import type { HeadMemory } from '#timeline/head-memory'
import type { Revocations } from '#timeline/revocations'
import type { TimelineMemory } from '#timeline/timeline-memory'
import type { VaultHeader } from './vault-header.ts'

export type OpenedVaultDeps = {
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly memory: HeadMemory
  /** Absent: every entry is verified by every command. */
  readonly kept?: TimelineMemory
  /** Where an index may lie; absent: nowhere. */
  readonly index?: { readonly folder: string; readonly bytesMax: number }
  readonly header: VaultHeader
  readonly credential: Credential
  /** Of a copy: what the vault itself knows to be revoked, which the copy may not have been told yet. */
  readonly revokedHere?: () => Revocations
}
