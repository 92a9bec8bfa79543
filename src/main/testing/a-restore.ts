import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backUpSource } from '#app/back-up-source'
import { type ProgressSink, silentProgress } from '#app/progress'
import { reconcilePoint } from '#app/reconcile-point'
import { restorePoint } from '#app/restore-point'
import type { RestoreRequest, RestoreSummary } from '#app/restore-request'
import { openCapturePool } from '#app/testing/open-capture-pool'
import { verifyPoint } from '#app/verify-point'
import type { Config, System } from '#config/config'
import type { Target } from '#connector/connector'
import {
  type ConnectorHarness,
  type ContractSystem,
  openSource,
  openTarget,
} from '#connector/testing/contract-system'
import type { RestorePlan } from '#restore/restore-plan'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

/** Two systems of one kind, and a vault in memory: `erp` is backed up, `copy` is restored into. */
export type Restoring = AsyncDisposable & {
  readonly erp: ContractSystem
  readonly copy: ContractSystem
  readonly vault: Vault
  backUp(progress?: ProgressSink): Promise<string>
  /** Restores the newest point, or another one, whole unless told otherwise. */
  restore(change?: RestoreChange): Promise<RestoreOutcome>
  /** The plan of the same, with nothing written. */
  plan(change?: RestoreChange): Promise<RestoreOutcome['plan']>
  verify(point?: string): ReturnType<typeof verifyPoint>
  /** Holds the copy against what a mapping file makes of a point. */
  reconcile(point: string, mapping: string): ReturnType<typeof reconcilePoint>
}

/** Of the one target. */
type RestoreOutcome = { readonly plan: RestorePlan; readonly summary: RestoreSummary | null }

export type RestoreChange = Partial<Omit<RestoreRequest, 'targets'>> & {
  readonly point?: string
  readonly target?: string
  /** The id of a restore that is taken back. */
  readonly undoes?: string
  /** Who writes to the copy; its owner unless told otherwise. */
  readonly as?: Secret
  /** Stands between the restore and the copy. */
  readonly wrap?: (target: Target) => Target
}

/** @param sql run in both systems at first */
export async function aRestoring(harness: ConnectorHarness, sql: string): Promise<Restoring> {
  await using stack = new AsyncDisposableStack()
  const erp = stack.use(await harness.freshSystem())
  const copy = stack.use(await harness.freshSystem())
  await erp.exec(sql)
  await copy.exec(sql)
  const { vault } = await aVault()
  const configPath = join(tmpdir(), 'holdfast.yaml')
  const deps = { clock: stillClock, configPath, random: systemRandom, progress: silentProgress }
  const system = {
    connector: harness.connector.kind,
    connectionsMax: 2,
    include: ['*'],
    exclude: [],
  } as unknown as System
  const config = { tempDir: tmpdir(), sources: { copy: {} }, targets: {} } as unknown as Config
  const readConfig = async () => config
  const openErp = async () => ({ system, source: await openSource(harness, erp.address) })
  const run = async ({
    as = copy.address,
    wrap = (target) => target,
    ...change
  }: RestoreChange) => {
    const openCopy = async () => ({ system, target: wrap(await openTarget(harness, as)) })
    const given = { ...deps, readConfig, openTarget: openCopy }
    const { plans, summaries } = await restorePoint(given, vault, aRequest(change), signal)
    const [plan] = plans
    assert(plan !== undefined, 'A restore has a plan for its target.')
    return { plan, summary: summaries?.[0] ?? null }
  }
  const openCopy = async () => ({ system, source: await openSource(harness, copy.address) })
  const opening = { readConfig, openSource: openCopy, openTarget: async () => neverOpened() }
  const kept = stack.move()
  return {
    erp,
    copy,
    vault,
    async backUp(progress = silentProgress) {
      const summary = await backUpSource(
        { ...deps, progress, readConfig, openSource: openErp, openCapturePool },
        vault,
        { source: 'erp', isFull: false, isNewIdentityAllowed: false },
        signal,
      )
      return `erp@${summary.seq}`
    },
    restore: (change = {}) => run(change),
    plan: async (change = {}) => (await run({ ...change, isPlanOnly: true })).plan,
    verify: (point = 'erp@latest') => {
      return verifyPoint({ ...deps, ...opening }, vault, { point, against: 'copy' }, signal)
    },
    reconcile: (point, mapping) => {
      const request = { point, against: 'copy', mapping, isExtraAllowed: false, keep: null }
      return reconcilePoint({ ...deps, ...opening }, vault, request, signal)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** For what only looks at the vault. */
export const noSystems = {
  progress: silentProgress,
  random: systemRandom,
  openSource: async () => neverOpened(),
  readConfig: async () => ({ tempDir: tmpdir(), targets: {} }) as unknown as Config,
}

function neverOpened(): never {
  throw new Error('Verifying against a source opens no target.')
}

function aRequest({
  point = 'erp@latest',
  target = 'copy',
  undoes,
  ...change
}: RestoreChange): RestoreRequest {
  return {
    targets: [{ point, target, ...(undoes !== undefined && { undoes }) }],
    entities: [],
    records: [],
    fields: [],
    isDeleteAllowed: false,
    isPlanOnly: false,
    agree: async () => {},
    ...change,
  }
}
