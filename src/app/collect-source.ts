import { collectVault, type KeptPreImages } from '#retention/collect-vault'
import { extendLocks } from '#retention/extend-locks'
import type { Waste } from '#retention/plan-collect'
import { type CollectOutcome, runCollect } from '#retention/run-collect'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { needRoles } from './credential/need-roles.ts'
import { sayHeads } from './points/say-heads.ts'

/** What of a source went, or would go, as `collect --json` prints it. */
export type CollectAnswer = {
  readonly source: string
  readonly objects: readonly WasteAnswer[]
  readonly bytes: number
  /** Kept by a lock of the store; collected another time. */
  readonly pending: readonly (WasteAnswer & { readonly until: string | null })[]
  /** Goes once its grace is over. */
  readonly waiting: CollectOutcome['waiting']
  /** What no entry explains; it stays. */
  readonly unexplained: CollectOutcome['unexplained']
  /** Of what belongs to no source: what restores had found before they wrote, which never goes. */
  readonly preImages?: KeptPreImages
  /** Writers that left something and are declared dead. */
  readonly dead: number
  /** The entry that says so; `null` when none was needed. */
  readonly entry: string | null
}

export type WasteAnswer = {
  readonly store: 'vault' | 'keyring'
  readonly object: string
  readonly sizeBytes: number
  readonly why: string
}

export type CollectSourceRequest = {
  readonly source: string
  readonly graceMs: number
  readonly isDryRun: boolean
}

/**
 * Gives the space of a source back that nothing needs any more. Where the store locks, what is needed
 * stays locked for longer.
 * @throws vault.source-unknown | retention.not-sound | retention.replacement-damaged | vault.role-missing
 */
export async function collectSource(
  deps: Pick<Context, 'progress' | 'random'>,
  vault: Vault,
  request: CollectSourceRequest,
  signal: AbortSignal,
): Promise<CollectAnswer> {
  const { source } = request
  if (!request.isDryRun) needRoles(vault, ['custodian'], `Cannot collect from "${source}"`)
  deps.progress.begin({ label: `Collecting ${source}` })
  const collecting = { vault, random: deps.random }
  const outcome = await runCollect(collecting, request, signal)
  if (!request.isDryRun) {
    if (outcome.fence !== null) await sayHeads(vault, signal)
    await extendLocks(collecting, await vault.readTimeline(source, signal), signal)
  }
  deps.progress.end()
  return describeOutcome(source, outcome)
}

/** The same of what belongs to no source: documents, probes, keys that nobody speaks of. */
export async function collectRest(
  deps: Pick<Context, 'progress' | 'random'>,
  vault: Vault,
  { graceMs, isDryRun }: Omit<CollectSourceRequest, 'source'>,
  signal: AbortSignal,
): Promise<CollectAnswer> {
  if (!isDryRun) needRoles(vault, ['custodian'], 'Cannot collect from the vault')
  deps.progress.begin({ label: 'Collecting what belongs to no source' })
  const collecting = { vault, random: deps.random }
  const outcome = await collectVault(collecting, { graceMs, isDryRun }, signal)
  deps.progress.end()
  return { ...describeOutcome(VAULT_TIMELINE, outcome), preImages: outcome.preImages }
}

function describeOutcome(source: string, outcome: CollectOutcome): CollectAnswer {
  const { dead, deleted, fence, pending, unexplained, waiting } = outcome
  return {
    source,
    objects: deleted.map(describe),
    bytes: deleted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    pending: pending.map(({ untilMs, ...waste }) => ({
      ...describe(waste),
      until: untilMs === null ? null : new Date(untilMs).toISOString(),
    })),
    waiting,
    unexplained,
    dead: dead.length,
    entry: fence === null ? null : `${source}@${fence}`,
  }
}

function describe({ sizeBytes, store, stored, why }: Waste): WasteAnswer {
  return { store, object: stored, sizeBytes, why }
}
