import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { listPoints } from '#app/list-points'
import { readIfAny } from '#stdx/read-if-any'
import type { VaultCheck } from '#vault/check-vault'
import type { Facts, FaultCommand, Scene, Undisturbed } from './fault-commands.ts'
import { commandIn, listFiles, readDatabase, type Stages } from './fault-stages.ts'
import {
  type Call,
  type Command,
  type Effect,
  runCommand,
  TAKING_SPACE,
  type TracedRun,
  traceCommand,
} from './trace-command.ts'
import {
  checkAtHand,
  collectAtHand,
  openAtHand,
  type PointRows,
  readPoints,
} from './vault-at-hand.ts'

/** Where else to aim when nothing was hit, as calls away from the one that is meant. */
const AIMS = [0, -1, 1, -2, 2, -3, 3, -4]
export const EFFECTS: readonly Effect[] = ['kill', 'ENOSPC', 'EIO', 'full']

/** These and everything below them is what a fault may hit. */
const WATCHED = /^(vault|second|state|temporary|keys|more)(\/|$)|^copy\.db|^holdfast\.yaml/

export type Target = {
  readonly call: Call
  readonly effect: Effect
  /** With `full`: of each call that takes space, the first that fails. */
  readonly from?: ReadonlyMap<string, number>
}

/** A command, what it does undisturbed, and every fault that can hit it. */
export type Range = {
  readonly command: FaultCommand
  readonly undisturbed: Undisturbed
  readonly targets: readonly Target[]
}

export type Shot = {
  readonly command: string
  readonly effect: Effect
  /** The call that was hit, with what is random in it left out. */
  readonly where: string
  /** `missed`: in no run was this call of the thread one that is watched. `part`: see `problems`. */
  readonly outcome: 'old' | 'new' | 'part' | 'missed'
  readonly exit: number
  /** The message, first line. */
  readonly said: string
  /** What must not be; sentences. */
  readonly problems: readonly string[]
}

/** Runs the command once with no fault. */
export async function surveyCommand(
  stages: Stages,
  base: string,
  command: FaultCommand,
): Promise<Range> {
  const folder = join(base, `survey-${command.name.replaceAll(/\W+/g, '-')}`)
  const line = await setUp(stages, folder, command)
  const before = await readFacts(stages, folder, command)
  // Once for the code that is kept compiled, and to see that it goes well.
  const run = await traceCommand(line, command.thread)
  if (run.exit !== 0) throw new Error(`Cannot survey "${command.name}": ${run.stderr}`)
  const after = await readFacts(stages, folder, command)
  const targets = run.calls.flatMap((call, index) =>
    isWatched(folder, call, command) ? aimAt(call, run.calls.slice(0, index), command.effects) : [],
  )
  await tearDown(stages, folder)
  return { command, undisturbed: { before, after }, targets }
}

/** A fresh folder, or database, for the command, and how it is run there. */
async function setUp(
  stages: Stages,
  folder: string,
  { argv, more, stage }: FaultCommand,
): Promise<Command> {
  await rm(folder, { recursive: true, force: true })
  await stages.copyTo(stage, folder)
  const databases = stage === 'postgres' ? await stages.postgres?.create(folder) : undefined
  return commandIn(folder, {
    argv: typeof argv === 'function' ? argv(folder) : argv,
    more: { ...databases, ...more?.(folder) },
  })
}

async function tearDown(stages: Stages, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await stages.postgres?.drop(folder)
}

function aimAt(call: Call, before: readonly Call[], effects = EFFECTS): Target[] {
  const from = new Map(
    TAKING_SPACE.map((name) => [name, 1 + before.filter((one) => one.name === name).length]),
  )
  return effects.flatMap((effect): Target[] => {
    if (effect !== 'full') return [{ call, effect }]
    return TAKING_SPACE.includes(call.name) ? [{ call, effect, from }] : []
  })
}

async function readFacts(stages: Stages, folder: string, command: FaultCommand): Promise<Facts> {
  const copy =
    command.stage === 'postgres'
      ? await stages.postgres?.read(folder)
      : await readDatabase(join(folder, 'copy.db'))
  const config = (await readIfAny(join(folder, 'holdfast.yaml')))?.replaceAll(folder, '.') ?? ''
  const scene = await enter(stages, folder, command)
  const points = scene === undefined ? {} : (await see(scene)).points
  const marks = scene === undefined ? '' : await readMarks(scene)
  return { copy: copy ?? '', config, points, marks }
}

async function readMarks({ vault }: Scene): Promise<string> {
  const { points } = await listPoints(vault, undefined, new AbortController().signal)
  const marked = points.filter(({ held, labels }) => held || labels.length > 0)
  return JSON.stringify(marked.map(({ held, labels, point }) => ({ held, labels, point })))
}

function isWatched(folder: string, { text }: Call, { watches }: FaultCommand): boolean {
  if (watches !== undefined) return watches.test(text)
  const isWriting = !/^openat\(.* O_RDONLY/.test(text)
  const paths = [...text.matchAll(/["<](\/[^">]*)/g)].map(([, path]) => path ?? '')
  return isWriting && paths.some((path) => WATCHED.test(path.slice(folder.length + 1)))
}

type Known = Omit<Range, 'targets'>

/** Has the fault hit the command, and looks at everything that is left; then finishes the work. */
export async function injectFault(
  stages: Stages,
  folder: string,
  { target, ...known }: Known & { readonly target: Target },
): Promise<Shot> {
  const { effect } = target
  const { name: command } = known.command
  try {
    const run = await aim(stages, folder, { command: known.command, target })
    if (run?.hit === undefined) {
      const where = describe(target.call.text)
      return { command, effect, where, exit: 0, said: '', outcome: 'missed', problems: [] }
    }
    const said = run.stderr.split('\n').find((line) => line.startsWith('error: ')) ?? ''
    const judged = await judge(stages, folder, { ...known, run })
    const problems = [...judged.problems, ...(await finishWork(stages, folder, { ...known, run }))]
    const { outcome } = judged
    return {
      command,
      effect,
      where: describe(run.hit.text),
      exit: run.exit,
      said,
      outcome,
      problems,
    }
  } finally {
    await tearDown(stages, folder)
  }
}

/**
 * Runs the command until the fault hits something that is watched: a thread that writes also wakes
 * others by writing, once for several pieces of work or for each, so that numbers differ a little.
 */
async function aim(
  stages: Stages,
  folder: string,
  { command, target }: { readonly command: FaultCommand; readonly target: Target },
): Promise<Ran | undefined> {
  const { call, effect, from } = target
  for (const away of AIMS) {
    const line = await setUp(stages, folder, command)
    const near = { name: call.name, ordinal: Math.max(1, call.ordinal + away) }
    const fault = { effect, call: near, ...(from && { from }) }
    const run = await traceCommand(line, command.thread, fault)
    if (run.hit !== undefined && isWatched(folder, run.hit, command)) return { ...run, line }
    if (call.name !== 'write') return undefined
  }
  return undefined
}

/** What happened, and the command as it was run. */
type Ran = TracedRun & { readonly line: Command }

type Judged = { readonly outcome: Shot['outcome']; readonly problems: readonly string[] }

async function judge(
  stages: Stages,
  folder: string,
  { run, ...known }: Known & { readonly run: Ran },
): Promise<Judged> {
  return await trying(async () => {
    const problems = [...judgeLoudness(run, known.command), ...findSyncAgain(run)]
    const facts = await readFacts(stages, folder, known.command)
    problems.push(...findHalf(facts, known.undisturbed))
    const scene = await enter(stages, folder, known.command)
    // The vault had yet to be made.
    if (scene === undefined) return { outcome: 'old', problems }
    const seen = await see(scene)
    if (!known.command.isMending) problems.push(...(await findWrong(scene, seen, known)))
    const unfinished = await findUnfinished(scene, seen, { ...known, facts })
    if (run.exit === 0 && !run.isKilled) {
      problems.push(...unfinished.map((what) => `exit 0, and ${what}`))
    }
    return { outcome: unfinished.length === 0 ? 'new' : 'old', problems }
  })
}

/** Runs the command again, and collects: now all is done, and nothing lies about. */
async function finishWork(
  stages: Stages,
  folder: string,
  { run, ...known }: Known & { readonly run: Ran },
): Promise<string[]> {
  const { command } = known
  const { problems } = await trying(async () => {
    const rerun = await runCommand(run.line)
    const isDone = command.saysDone !== undefined && rerun.stderr.includes(`(${command.saysDone})`)
    const isWell = rerun.exit === 0 || isDone
    const problems = isWell ? [] : [`it ends with ${rerun.exit}: ${rerun.stderr}`]
    const facts = await readFacts(stages, folder, command)
    const scene = await enter(stages, folder, command)
    if (scene === undefined) return { outcome: 'old', problems: [...problems, 'there is no vault'] }
    problems.push(...(await findUnfinished(scene, await see(scene), { ...known, facts })))
    await collectAtHand(scene.vault)
    const seen = await see(scene)
    problems.push(...(await findWrong(scene, seen, known)))
    problems.push(...(await findLeftovers(scene, seen, known)))
    return { outcome: 'new', problems }
  })
  return problems.map((problem) => `after the rerun: ${problem}`)
}

async function trying(look: () => Promise<Judged>): Promise<Judged> {
  try {
    return await look()
  } catch (error) {
    return { outcome: 'part', problems: [String(error)] }
  }
}

/** `undefined` where there is no vault. */
async function enter(
  stages: Stages,
  folder: string,
  command: FaultCommand,
): Promise<Scene | undefined> {
  const vault = join(folder, 'vault')
  if (!existsSync(join(vault, 'vault.json'))) return undefined
  const open = (at: string) =>
    command.open?.(folder, at) ?? openAtHand(at, stages.keyFile(command.stage))
  return { folder, open, vault: await open(vault) }
}

/** What is neither as it was nor as it is to be. */
function findHalf(facts: Facts, { after, before }: Undisturbed): string[] {
  return (['copy', 'config', 'marks'] as const)
    .filter((what) => facts[what] !== before[what] && facts[what] !== after[what])
    .map((what) => `half done: ${what}`)
}

const NAMED = /^error: [^:]*"[^"]+".* \([a-z]+\.[a-z-]+\)$/
const CODED = /^error: .* \([a-z]+\.[a-z-]+\)$/

/** Loud, and no defect: one message with a code of ours that names an object or a file. */
function judgeLoudness({ exit, isKilled, stderr }: TracedRun, command: FaultCommand): string[] {
  if (exit === 0 || isKilled) return []
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '))
  const isLoud = lines.length === 1 && stderr.includes('What to do: ')
  // What is said to a server is said of no object.
  const named = command.watches === undefined ? NAMED : CODED
  const isNamed = lines.every((line) => named.test(line))
  return isLoud && isNamed ? [] : [`exit ${exit}, and it says: ${stderr}`]
}

/** A file of ours that a sync failed of: the kernel may have dropped what a second one would report done. */
function findSyncAgain({ calls, hit, isKilled }: TracedRun): string[] {
  if (hit === undefined || isKilled || !/^f(?:data)?sync$/.test(hit.name)) return []
  // The names of files that are being written are used once; folders may be synced again.
  const [, path] = /<([^>]*(?:\/~tmp\/|\.\d+-[0-9a-f]{16})[^>]*)>/.exec(hit.text) ?? []
  if (path === undefined) return []
  const later = calls.filter(({ name, ordinal, text }) => {
    return name === hit.name && ordinal > hit.ordinal && text.includes(`<${path}>`)
  })
  return later.length === 0 ? [] : ['a file whose sync failed was synced again']
}

type Seen = { readonly check: VaultCheck; readonly points: PointRows }

/** A vault that is damaged has its points not read: only `heal` finds one. */
async function see({ vault }: Pick<Scene, 'vault'>): Promise<Seen> {
  const check = await checkAtHand(vault, 'decoded')
  return { check, points: check.verdict === 'whole' ? await readPoints(vault) : {} }
}

/** Said of what an interrupted `init` or change of keys left: the one may be removed, the other is gone on with. */
const IS_LEFT =
  /^(?:It is of another vault: an `init`|No entry says what it is: a change of keys) was interrupted|^It is of (?:another vault: an `init`|before the keys were split: a split) that/

/** What must hold at every moment: all that is listed is there, and is what it was. */
async function findWrong(
  scene: Scene,
  { check, points }: Seen,
  { command, undisturbed }: Known,
): Promise<string[]> {
  const found = [
    ...check.problems,
    ...check.incidents.filter(({ problem }) => !IS_LEFT.test(problem)),
  ]
  const problems = found.map(({ object, problem }) => `${object}: ${problem}`)
  const isBefore = isDeepStrictEqual(points, undisturbed.before.points)
  if (!isBefore && !isAfter(points, undisturbed.after.points)) {
    problems.push('the points are neither those before nor those after')
  }
  problems.push(...((await command.look?.(scene, undisturbed)) ?? []))
  return problems
}

async function findUnfinished(
  scene: Scene,
  { check, points }: Seen,
  { command, facts, undisturbed }: Known & { readonly facts: Facts },
): Promise<string[]> {
  if (check.verdict === 'damaged') return ['the vault is damaged']
  const { after } = undisturbed
  const others = (['copy', 'config', 'marks'] as const).filter(
    (what) => facts[what] !== after[what],
  )
  return [
    ...(isAfter(points, after.points) ? [] : ['the points are those before']),
    ...others.map((what) => `not as it is to be: ${what}`),
    ...((await command.unfinished?.(scene, undisturbed)) ?? []),
  ]
}

/** What came to be, and perhaps points that a backup which ran once more has added to it. */
function isAfter(points: PointRows, after: PointRows): boolean {
  const [, newest] = Object.entries(after).at(-1) ?? []
  return (
    Object.keys(after).every((point) => isDeepStrictEqual(points[point], after[point])) &&
    Object.keys(points).every((point) => point in after || isDeepStrictEqual(points[point], newest))
  )
}

/** What a machine keeps of timelines, and credentials. */
const AROUND = /\.(head\.json|key)$|\.kept\/(head|[0-9a-f]{64})$|^recovery(\.slot|-kit\.html)$/
/** What could not be removed when it should have been: the next object that is written removes it. */
const TEMPORARY = /^(keyring\/)?~tmp\//

/** What nobody needs, in the vault and around it, once it was collected. */
async function findLeftovers(
  { folder }: Scene,
  { check }: Seen,
  { command }: Known,
): Promise<string[]> {
  const { garbage, replaced } = check
  const mayStay = (name: string) =>
    isKnown(name) || (command.saysDone !== undefined && TEMPORARY.test(name))
  const unknown = (await listFiles(join(folder, 'vault'))).filter((name) => !mayStay(name))
  const places = ['temporary', 'state', 'keys', 'more'].filter((name) =>
    existsSync(join(folder, name)),
  )
  const around = await Promise.all(places.map((name) => listFiles(join(folder, name))))
  const forgotten = around.flat().filter((name) => !AROUND.test(name))
  return [
    ...(garbage.objects === 0 ? [] : [`${garbage.objects} objects of garbage are left`]),
    ...(replaced.objects === 0 ? [] : [`${replaced.objects} replaced objects are left`]),
    ...unknown.map((name) => `left in the vault: ${name}`),
    ...forgotten.map((name) => `left around it: ${name}`),
  ]
}

function isKnown(name: string): boolean {
  return [
    /^vault\.json$/,
    /^roles\/[0-9a-f]{32}\.json$/,
    /^timelines\/[^/]+\/[0-9]{10}\.entry$/,
    /^segments\//,
    /^keyring\/slots\/[0-9a-f]{16}\.json$/,
    /^keyring\/[^/]+\/[0-9a-f]{32}\//,
  ].some((known) => known.test(name))
}

/** The call and its paths; a number of many digits says nothing. */
function describe(text: string): string {
  const name = text.slice(0, text.indexOf('('))
  const paths = [...text.matchAll(/["<](\/[^">]*)/g)].map(([, path]) => path ?? '')
  const short = paths
    .map(
      (path) =>
        /(?:vault|second|state|temporary|keys|more|copy\.db|holdfast\.yaml).*$/.exec(path)?.[0] ??
        '',
    )
    .filter((path) => path !== '')
    .map((path) => path.replace(/[0-9a-f]{8,}(-\d+-[0-9a-f]+)?/g, '*'))
  return `${name} ${[...new Set(short)].join(' -> ')}`
}
