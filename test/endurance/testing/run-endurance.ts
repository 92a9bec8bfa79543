import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from '#test/servers/start-postgres'
import { chanceOf } from '../../crash/testing/chance.ts'
import { openByPassphrase } from '../../crash/testing/vault-at-hand.ts'
import { type AccountVerdict, compareAccount, compareSaid } from './compare-account.ts'
import { compareDatabase, exportRows } from './compare-database.ts'
import { DISTURBANCES, query, type Scene } from './disturbances.ts'
import { type Follower, type Said, startFollower } from './follower.ts'
import { aPlace, LOAD, loadTables, PASSPHRASE, type Place, runHoldfast } from './place.ts'

export type EnduranceOptions = {
  readonly major: number
  readonly kills: number
  /** Of what happens when, and of the load. */
  readonly seed: number
  /** Ends earlier when so much time is over. */
  readonly minutes?: number | undefined
  /** Tells of every disturbance. */
  readonly isTold?: boolean
  onLine(line: string): void
}

export type EnduranceVerdict = AccountVerdict & {
  /** By what was done. */
  readonly disturbed: Readonly<Record<string, number>>
  /** Of those that were killed, too. */
  readonly points: number
  /** Followers that gave up because another one was there, or the server was not. */
  readonly gaveUp: number
  readonly warnings: Readonly<Record<string, number>>
}

const WRITERS = 3
const PER_SECOND = 40
/** Between two disturbances, or after a commit, at most; at least a tenth of a second. */
const PAUSE_MS = 1600
const COMMITS_WITHIN_MS = 10_000
const CAUGHT_UP_WITHIN_MS = 120_000
const PASSING = /connector\.(feed-busy|unreachable|feed-broken)|capture\.conflict/
const SAYS_EVERY_MS = 15_000

/** A server that stands what is done to it: what was committed is on its disk, as the system sees it. */
const SERVER = {
  synchronous_commit: 'on',
  checkpoint_timeout: '30s',
  wal_sender_timeout: '2s',
}

/** Disturbs a follower and its source, and then holds what is in the vault against what was done. */
export async function runEndurance(options: EnduranceOptions): Promise<EnduranceVerdict> {
  const { isTold, kills, major, minutes = Number.POSITIVE_INFINITY, onLine, seed } = options
  await using server = await startPostgres({ major, config: SERVER })
  using place = aPlace(server.url)
  await query(server, loadTables())
  const made = await runHoldfast(place, 'init')
  if (made.exit !== 0) throw new Error(`Cannot make the vault: ${made.stderr}`)
  const said: Said = { points: new Map(), warnings: new Map() }
  const load = startLoad(place, server, seed)
  const scene: Scene = {
    place,
    server,
    said,
    follower: startFollower(place, said),
    chance: chanceOf(seed),
  }
  try {
    await untilCommitted(scene)
    const disturbed = new Map<string, number>()
    const untilMs = performance.now() + minutes * 60_000
    let gaveUp = 0
    let saidMs = performance.now()
    for (let kill = 1; kill <= kills && performance.now() < untilMs; kill++) {
      await pause(scene)
      if (revive(scene)) gaveUp += 1
      const what = pick(scene.chance())
      const { commits } = scene.follower
      const startedMs = performance.now()
      await DISTURBANCES[what]?.disturb(scene)
      const tookMs = Math.round(performance.now() - startedMs)
      if (isTold) onLine(`${what}: ${tookMs} ms, after ${commits} commits`)
      disturbed.set(what, (disturbed.get(what) ?? 0) + 1)
      if (performance.now() - saidMs < SAYS_EVERY_MS && kill < kills) continue
      saidMs = performance.now()
      onLine(`${kill} of ${kills}: ${said.points.size} points were said, ${gaveUp} gave up`)
    }
    load.kill('SIGTERM')
    if (load.exitCode === null) await once(load, 'exit')
    onLine('the load has ended; catching up')
    await catchUp(scene)
    scene.follower.kill('SIGTERM')
    if (!(await scene.follower.ends(CAUGHT_UP_WITHIN_MS))) throw new Error('It does not stop')
    const verdict = await judge(scene, onLine)
    const counts = Object.fromEntries(disturbed)
    return { ...verdict, disturbed: counts, gaveUp, warnings: Object.fromEntries(said.warnings) }
  } finally {
    load.kill('SIGKILL')
    scene.follower.kill('SIGKILL')
    await scene.follower.ends(CAUGHT_UP_WITHIN_MS)
  }
}

/** Until some moment of the follower's life: for every other one, behind a commit. */
async function pause({ chance, follower }: Scene): Promise<void> {
  const untilMs = performance.now() + (chance() < 0.5 ? COMMITS_WITHIN_MS : 0)
  const { commits } = follower
  while (follower.isAlive && follower.commits === commits && performance.now() < untilMs) {
    await sleep(10)
  }
  await sleep(100 + PAUSE_MS * chance())
}

function startLoad(place: Place, { url }: PostgresServer, seed: number): ChildProcess {
  const load = [LOAD, 'postgres', url, place.at('account'), String(seed % 1000)]
  const amounts = [String(WRITERS), '99999999', String(PER_SECOND)]
  return spawn(process.execPath, [...load, ...amounts], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The first scan is there, and the feed has told something. */
async function untilCommitted(scene: Scene): Promise<void> {
  const untilMs = performance.now() + CAUGHT_UP_WITHIN_MS
  while (scene.follower.commits === 0) {
    if (performance.now() > untilMs) throw ended(scene.follower, 'It commits nothing')
    revive(scene)
    await sleep(50)
  }
}

/** Starts another follower where one gave up for a reason that passes. @returns whether it did */
function revive(scene: Scene): boolean {
  const { follower, place, said } = scene
  if (follower.isAlive) return false
  if (!PASSING.test(follower.complaints)) throw ended(follower, 'A follower ended by itself')
  scene.follower = startFollower(place, said)
  return true
}

function ended({ child, complaints }: Follower, what: string): Error {
  return new Error(`${what}: status ${child.exitCode}, ${child.signalCode}\n${complaints}`)
}

function pick(chance: number): string {
  let sum = 0
  const names = Object.entries(DISTURBANCES)
  const found = names.find(([, { share }]) => {
    sum += share
    return chance < sum
  })
  return found?.[0] ?? names[0]?.[0] ?? ''
}

/** Writes one more transaction and waits until it is committed to the vault. */
async function catchUp(scene: Scene): Promise<void> {
  const { place, said, server } = scene
  await query(server, `insert into ledger values ('end', 0) on conflict do nothing`)
  const left = { puts: 0, gone: 0, amount: '0' }
  const line = { stamp: 'end', inserts: 0, updates: 0, deletes: 0, left }
  appendFileSync(place.at('account'), `${JSON.stringify(line)}\n`)
  const untilMs = performance.now() + CAUGHT_UP_WITHIN_MS
  for (;;) {
    revive(scene)
    const newest = Math.max(...said.points.keys())
    const argv = ['show', `${place.source}@latest`, 'public.ledger', 'end', '--json']
    const shown = await runHoldfast(place, ...argv)
    if (shown.exit === 0) return
    if (performance.now() > untilMs) {
      throw ended(scene.follower, `It does not catch up behind ${newest}: ${shown.stderr}`)
    }
    await sleep(200)
  }
}

const MOMENTS = 4

/** What is there after some transactions within entries: the stamps up to each, and no others. */
async function compareMoments(
  { chance, place }: Scene,
  { stampsAtScan, stampsInOrder }: AccountVerdict,
): Promise<readonly string[]> {
  const problems: string[] = []
  for (let i = 0; i < MOMENTS; i++) {
    const index = Math.floor(chance() * stampsInOrder.length)
    const { at = '' } = stampsInOrder[index] ?? {}
    const wanted = stampsInOrder.slice(0, index + 1).map(({ stamp }) => stamp)
    const rows = await exportRows(place, at, 'public.ledger')
    const found = rows.map((row) => String(row['stamp'])).toSorted()
    if (found.join() === [...stampsAtScan, ...wanted].toSorted().join()) continue
    problems.push(`the ledger at ${at} has ${found.length} rows, or others than were committed`)
  }
  return problems
}

async function judge(scene: Scene, onLine: (line: string) => void) {
  const { place, said, server } = scene
  const vault = await openByPassphrase(place.at('vault'), PASSPHRASE)
  const state = await vault.readTimeline(place.source, new AbortController().signal)
  const verdict = await compareAccount(vault, state, place.at('account'))
  const { accounted, told, versions } = verdict
  onLine(`${accounted} accounted transactions, ${told} told by the feed, ${versions} versions read`)
  const problems = [...verdict.problems, ...compareSaid(state, said.points)]
  if (state.gaps.length > 0) problems.push(`${state.gaps.length} gaps: ${state.gaps[0]?.found}`)
  if (state.incidents.length > 0) problems.push(`incidents: ${state.incidents[0]?.problem}`)
  const scans = state.points.map(({ kind }) => kind).filter((kind) => kind !== 'feed')
  if (scans.length !== 1) problems.push(`there are ${scans.length} scans, not one`)
  problems.push(...(await compareMoments(scene, verdict)))
  onLine(`${MOMENTS} moments within entries were exported`)
  problems.push(...(await compareDatabase(place, server.url)))
  onLine('the newest point was held against the rows of the database')
  const commands = [
    ['check', '--read-data'],
    ['verify', `${place.source}@latest`, '--against', place.source],
    ['reconcile', place.source],
    ['verify', `${place.source}@latest`, '--against', place.source],
  ]
  for (const argv of commands) {
    const { exit, stderr, stdout } = await runHoldfast(place, ...argv, '--json')
    onLine(`${argv.join(' ')}: exit ${exit}`)
    if (exit !== 0) problems.push(`${argv.join(' ')}: exit ${exit} ${stderr.slice(-500)}`)
    const repairs = argv[0] === 'reconcile' ? /"repairs":([1-9][0-9]*)/.exec(stdout) : null
    if (repairs !== null) problems.push(`a scan found ${repairs[1]} changes that were not told`)
  }
  return { ...verdict, problems, points: state.points.length }
}
