import { type CaptureSummary, runCapture } from '#capture/run-capture'
import { configWithoutSecrets } from '#config/config-without-secrets'
import { entityFilter } from '#config/entity-filter'
import { parseEntityName } from '#record/entity-name'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'

export type BackUpSourceDeps = Pick<
  Context,
  'clock' | 'openCapturePool' | 'openSource' | 'progress' | 'random' | 'readConfig'
>

export type BackUpRequest = {
  readonly source: string
  /** Copies everything again, as if the vault held nothing. */
  readonly isFull: boolean
  readonly isNewIdentityAllowed: boolean
  /** Entities that may be much shorter, of another shape or gone: somebody has looked at them. */
  readonly accepted?: readonly string[]
}

export type BackUpSummary = CaptureSummary

/** Entities captured at a time; each holds a thread and some 60 MB. */
export const SCANS_MAX = 2
export const SORT_BYTES_MAX = 48 * 1_048_576

/**
 * Backs up one source: a recovery point that was read back, or an error and nothing new.
 *
 * A source's first backup also makes its timeline. The configuration goes into the vault without its
 * secrets, so that the vault alone is enough to start again elsewhere.
 *
 * @throws capture.other-system | capture.nothing-covered | capture.unreadable | capture.doubtful |
 * capture.conflict, and whatever opening throws
 */
export async function backUpSource(
  deps: BackUpSourceDeps,
  vault: Vault,
  request: BackUpRequest,
  signal: AbortSignal,
): Promise<BackUpSummary> {
  const { isFull, isNewIdentityAllowed, source: name } = request
  const accepted = (request.accepted ?? []).map(parseEntityName)
  const { source, system } = await deps.openSource(name, signal)
  await using _source = source
  if (!(await vault.listSources(signal)).includes(name)) await vault.addSource(name, signal)
  const state = await vault.readTimeline(name, signal)
  await using pool = await deps.openCapturePool(vault, name, signal)
  deps.progress.begin({ label: `Backing up ${name}`, ...expectRows(state) })
  await using cut = await source.openCut(signal)
  const isFirst = state.points.length === 0
  const rows = isFirst ? ((await cut.estimateRows?.(entityFilter(system))) ?? null) : null
  if (rows !== null) deps.progress.begin({ label: `Backing up ${name}`, rows })
  const summary = await runCapture(
    {
      vault,
      clock: deps.clock,
      random: deps.random,
      captureEntity: pool.captureEntity,
      progress: (read) => deps.progress.add(read),
    },
    {
      cut,
      state,
      request: {
        source: name,
        connector: system.connector,
        isIncluded: entityFilter(system),
        isFull,
        isNewIdentityAllowed,
        accepted,
        scansMax: Math.min(SCANS_MAX, system.connectionsMax),
        sortBytesMax: SORT_BYTES_MAX,
      },
    },
    signal,
  )
  deps.progress.end()
  return summary
}

/** The rows of the newest point are what there will be, about; before the first the system is asked. */
function expectRows({ points }: TimelineState): { readonly rows?: number } {
  const before = points.at(-1)
  return before ? { rows: before.entities.reduce((sum, { rows }) => sum + rows, 0) } : {}
}

/** What is said once after all sources of a run: the configuration as it was, and every head. */
export async function concludeBackups(
  deps: Pick<Context, 'readConfig'>,
  vault: Vault,
  signal: AbortSignal,
): Promise<void> {
  const { text } = await deps.readConfig()
  if (text !== undefined) {
    await vault.putDocument('config', configWithoutSecrets(text.reveal()), signal)
  }
  await vault.putHeads(signal)
}
