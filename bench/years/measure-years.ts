import { join } from 'node:path'
import { atEntry } from '#record/stamp'
import { readState } from '#segment/read-state'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openLocalStore } from '#store/local/local-store'
import { checkVault } from '#vault/check-vault'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { demand } from '../lib/bench-run.ts'
import { compareFigure, type Figure, plainFigure } from '../lib/figure.ts'
import { LAUNCHER } from '../lib/holdfast.ts'
import { runProgram } from '../lib/run-program.ts'
import { CUSTOMER } from './customer-rows.ts'
import { sumOf } from './source-life.ts'
import { type Lived, SOURCE, writeConfig, type YearsVault } from './years-vault.ts'

const { signal } = new AbortController()
const ROUNDS = 3
const KEYS = 10
const DIFF_DAYS = 10

export type YearsRun = {
  readonly years: YearsVault
  readonly lived: Lived
  readonly first: { readonly point: number; readonly bytes: number }
  /** The vault's folder as it was after the first day. */
  readonly copy: string
  readonly days: number
  readonly changed: number
  say(text: string): void
}

export async function measureYears(run: YearsRun): Promise<Figure[]> {
  const { first, lived, years } = run
  await demandSound(run)
  const needed = first.bytes + years.life.changedZstdBytes
  const figures = [
    ...compareFigure(
      {
        what: 'vault after all days',
        against: 'first backup + changed rows, zstd -3',
        unit: 'bytes',
      },
      [{ ours: years.measureBytes(), peer: needed }],
      { target: 1.15, note: 'compacted and collected every seven days' },
    ),
    ...throughput('compaction, row text', 60, lived.mergedTextBytes, lived.mergedS),
  ]
  run.say('Looking back')
  figures.push(...(await measureLookups(run)))
  run.say('Reading the first point in either vault')
  figures.push(...(await measureOldPoint(run)))
  run.say('Checking')
  figures.push(...(await measureCheck(run)))
  run.say('Expiring all but the newest point')
  figures.push(...(await measureExpiry(run)))
  return figures
}

/** Rows per second as seconds per unit would mislead: bytes of one core's second, at least so many. */
function throughput(what: string, leastMb: number, bytes: number, seconds: number): Figure[] {
  const took = seconds / (bytes / 1e6)
  return plainFigure({ what: `${what}, seconds per MB`, unit: 's' }, [took], {
    target: 1 / leastMb,
    note: `${(1 / took).toFixed(0)} MB/s, wanted ${leastMb}`,
  })
}

async function measureLookups({ days, lived, years }: YearsRun): Promise<Figure[]> {
  const { points } = lived
  const old = points[Math.max(0, points.length - 1 - Math.min(700, days))] ?? 0
  const key = (i: number) => String(1 + Math.floor((i * years.life.rows) / KEYS))
  const wall = async (...args: string[]) =>
    (await runProgram({ command: LAUNCHER, args, env: years.env, statuses: [0, 4] })).wallS
  await wall('points')
  const history: number[] = []
  const show: number[] = []
  for (let i = 0; i < KEYS; i++) {
    history.push(await wall('history', SOURCE, CUSTOMER.entity, key(i), '--json'))
    show.push(await wall('show', `${SOURCE}@${old}`, CUSTOMER.entity, key(i), '--json'))
  }
  const opening: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const startedAtMs = performance.now()
    const vault = await reopen(years.folder)
    await vault.readTimeline(SOURCE, signal)
    opening.push((performance.now() - startedAtMs) / 1000)
  }
  const from = points.at(-1 - Math.min(DIFF_DAYS, days)) ?? 0
  const diff: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    diff.push(await wall('diff', `${SOURCE}@${from}`, `${SOURCE}@${points.at(-1)}`, '--json'))
  }
  return [
    ...plainFigure({ what: 'opening the vault, unlock included', unit: 's' }, opening, {
      target: 0.15,
    }),
    ...plainFigure({ what: 'history of one record, whole process', unit: 's' }, history, {
      target: 0.3,
    }),
    ...plainFigure({ what: 'show 700 points back, whole process', unit: 's' }, show, {
      target: 0.3,
    }),
    ...plainFigure(
      { what: `diff of ${DIFF_DAYS} days with values, whole process`, unit: 's' },
      diff,
      {
        target: 4,
      },
    ),
  ]
}

/** What restoring costs beside the target: the same with either vault. */
async function measureOldPoint({ copy, first, years }: YearsRun): Promise<Figure[]> {
  const pairs: { ours: number; peer: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const peer = await timeState(await reopen(copy), first.point)
    const ours = await timeState(await reopen(years.folder), first.point)
    demand(ours.count === peer.count, 'the first point has another number of rows now')
    demand(ours.sum === peer.sum, 'the first point holds other rows now')
    pairs.push({ ours: ours.seconds, peer: peer.seconds })
  }
  return compareFigure(
    { what: 'reading the oldest point whole', against: 'the same on its first day', unit: 's' },
    pairs,
    { target: 1.3 },
  )
}

async function measureCheck({ years }: YearsRun): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [depth, least] of [
    ['authenticated', 200],
    ['decoded', 100],
  ] as const) {
    const startedAtMs = performance.now()
    const report = await checkVault(years.vault, { depth, signal, onProgress: () => {} })
    demand(report.verdict === 'whole', `the vault is ${report.verdict}`)
    const seconds = (performance.now() - startedAtMs) / 1000
    figures.push(...throughput(`check, ${depth}`, least, report.bytes, seconds))
  }
  return figures
}

/** The big merge: nearly all of the days go, so that every block is written again. */
async function measureExpiry({ first, years }: YearsRun): Promise<Figure[]> {
  const run = async (...args: string[]) =>
    await runProgram({ command: LAUNCHER, args, env: years.env, isOutputKept: true })
  await expireAllButNewest(years.vault)
  const compact = await run('compact', SOURCE, '--json')
  await run('collect', SOURCE, '--grace', '0s', '--json')
  const state = await years.vault.readTimeline(SOURCE, signal)
  demand(state.points.length === 1, 'points did not expire')
  await demandWhole(years)
  return [
    ...plainFigure({ what: 'peak memory of that compaction', unit: 'bytes' }, [compact.peakBytes], {
      target: 300e6,
      isMaxJudged: true,
    }),
    ...compareFigure(
      { what: 'vault with its newest point alone', against: 'first backup', unit: 'bytes' },
      [{ ours: years.measureBytes(), peer: first.bytes }],
      { target: 1.2, note: 'expired, compacted and collected; entries stay' },
    ),
  ]
}

/** Not by policy: that does not believe points of two years that were written within an hour. */
async function expireAllButNewest(vault: Vault): Promise<void> {
  const state = await vault.readTimeline(SOURCE, signal)
  const points = state.points.slice(0, -1).map(({ seq }) => seq)
  const proposal = { kind: 'expire', basis: state.basis, points } as const
  await vault.append(state, await vault.cosign(SOURCE, proposal, signal), signal)
}

async function demandWhole({ vault }: YearsVault): Promise<void> {
  const report = await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
  demand(report.verdict === 'whole', `the vault is ${report.verdict}`)
}

/** The newest point adds up to what went into it. */
async function demandSound({ lived, years }: YearsRun): Promise<void> {
  const { count, sum } = await timeState(years.vault, lived.points.at(-1) ?? 0)
  demand(count === years.life.rows, 'the newest point lost rows')
  demand(sum === years.life.digestSum, 'the newest point holds other rows')
}

async function timeState(vault: Vault, asOfSeq: number) {
  const startedAtMs = performance.now()
  const { segments } = await vault.readTimeline(SOURCE, signal)
  const deps = await vault.readDeps(SOURCE, signal)
  const options = {
    segments: segments.get(CUSTOMER.entity) ?? [],
    schemas: new Map([[1, CUSTOMER]]),
    schema: CUSTOMER,
    asOf: atEntry(asOfSeq),
    rows: true,
    signal,
  }
  let count = 0
  let sum = 0n
  for await (const batch of readState(deps, options)) {
    count += batch.count
    sum = BigInt.asUintN(128, sum + sumOf(batch))
  }
  return { count, sum, seconds: (performance.now() - startedAtMs) / 1000 }
}

async function reopen(folder: string): Promise<Vault> {
  const store = (name: string) => openLocalStore({ root: join(folder, name), random: systemRandom })
  const { HOLDFAST_PASSPHRASE = '' } = writeConfig(folder)
  return await openVault({
    store: store('vault'),
    keyring: store('vault/keyring'),
    clock: systemClock,
    random: systemRandom,
    stateDir: join(folder, 'state'),
    passphrase: new Secret(HOLDFAST_PASSPHRASE),
    signal,
  })
}
