import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { VaultCheck } from '#vault/check-vault'
import type { Facts, FaultCommand, Scene, Undisturbed } from './fault-commands.ts'
import { commandIn, listFiles, readDatabase, type Stages } from './fault-stages.ts'
import {
  type Call,
  type Effect,
  runCommand,
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
const EFFECTS: readonly Effect[] = ['kill', 'ENOSPC', 'EIO']

/** Everything below these is what a fault may hit. */
const WATCHED = /^(vault|second|state|temporary)\/|^copy\.db/

export type Target = { readonly call: Call; readonly effect: Effect }

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
  await stages.copyTo(command.stage, folder)
  const before = await readFacts(stages, folder)
  // Once for the code that is kept compiled, and to see that it goes well.
  const run = await traceCommand(commandIn(folder, command.argv), command.thread)
  if (run.exit !== 0) throw new Error(`Cannot survey "${command.name}": ${run.stderr}`)
  const after = await readFacts(stages, folder)
  const calls = run.calls.filter((call) => isWatched(folder, call))
  await rm(folder, { recursive: true })
  const targets = calls.flatMap((call) => EFFECTS.map((effect) => ({ call, effect })))
  return { command, undisturbed: { before, after }, targets }
}

async function readFacts(stages: Stages, folder: string): Promise<Facts> {
  const copy = await readDatabase(join(folder, 'copy.db'))
  const vault = await openAtHand(join(folder, 'vault'), stages.keyFile)
  return { copy, points: (await see({ vault })).points }
}

function isWatched(folder: string, { text }: Call): boolean {
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
  const command = known.command.name
  try {
    const run = await aim(stages, folder, { command: known.command, target })
    if (run?.hit === undefined) {
      const where = describe(target.call.text)
      return { command, effect, where, exit: 0, said: '', outcome: 'missed', problems: [] }
    }
    const said = run.stderr.split('\n').find((line) => line.startsWith('error: ')) ?? ''
    const judged = await judge(stages, folder, { ...known, run })
    const problems = [...judged.problems, ...(await finishWork(stages, folder, known))]
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
    await rm(folder, { recursive: true, force: true })
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
): Promise<TracedRun | undefined> {
  const { call, effect } = target
  for (const away of AIMS) {
    await rm(folder, { recursive: true, force: true })
    await stages.copyTo(command.stage, folder)
    const near = { name: call.name, ordinal: Math.max(1, call.ordinal + away) }
    const traced = commandIn(folder, command.argv)
    const run = await traceCommand(traced, command.thread, { effect, call: near })
    if (run.hit !== undefined && isWatched(folder, run.hit)) return run
    if (call.name !== 'write') return undefined
  }
  return undefined
}

type Judged = { readonly outcome: Shot['outcome']; readonly problems: readonly string[] }

async function judge(
  stages: Stages,
  folder: string,
  { command, run, undisturbed }: Known & { readonly run: TracedRun },
): Promise<Judged> {
  return await trying(async () => {
    const scene = await enter(stages, folder)
    const seen = await see(scene)
    const problems = judgeLoudness(run)
    if (!command.isMending) {
      problems.push(...(await findWrong(scene, seen, { command, undisturbed })))
    }
    const unfinished = await findUnfinished(scene, seen, { command, undisturbed })
    if (run.exit === 0 && !run.isKilled) {
      problems.push(...unfinished.map((what) => `exit 0, and ${what}`))
    }
    return { outcome: unfinished.length === 0 ? 'new' : 'old', problems }
  })
}

/** Runs the command again, and collects: now all is done, and nothing lies about. */
async function finishWork(stages: Stages, folder: string, known: Known): Promise<string[]> {
  const { problems } = await trying(async () => {
    const rerun = await runCommand(commandIn(folder, known.command.argv))
    const problems = rerun.exit === 0 ? [] : [`it ends with ${rerun.exit}: ${rerun.stderr}`]
    const scene = await enter(stages, folder)
    problems.push(...(await findUnfinished(scene, await see(scene), known)))
    await collectAtHand(scene.vault)
    const seen = await see(scene)
    problems.push(...(await findWrong(scene, seen, known)))
    problems.push(...(await findLeftovers(scene, seen)))
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

async function enter(stages: Stages, folder: string): Promise<Scene> {
  const open = (vault: string) => openAtHand(vault, stages.keyFile)
  return { folder, open, vault: await open(join(folder, 'vault')) }
}

/** Loud, and no defect: one message with a code of ours that names an object or a file. */
function judgeLoudness({ exit, isKilled, stderr }: TracedRun): string[] {
  if (exit === 0 || isKilled) return []
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '))
  const isLoud = lines.length === 1 && stderr.includes('What to do: ')
  const isNamed = lines.every((line) => /^error: [^:]*"[^"]+".* \([a-z]+\.[a-z-]+\)$/.test(line))
  return isLoud && isNamed ? [] : [`exit ${exit}, and it says: ${stderr}`]
}

type Seen = { readonly check: VaultCheck; readonly points: PointRows }

/** A vault that is damaged has its points not read: only `heal` finds one. */
async function see({ vault }: Pick<Scene, 'vault'>): Promise<Seen> {
  const check = await checkAtHand(vault, 'decoded')
  return { check, points: check.verdict === 'whole' ? await readPoints(vault) : {} }
}

/** What must hold at every moment: all that is listed is there, and is what it was. */
async function findWrong(
  scene: Scene,
  { check, points }: Seen,
  { command, undisturbed }: Known,
): Promise<string[]> {
  const found = [...check.problems, ...check.incidents]
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
  { command, undisturbed }: Known,
): Promise<string[]> {
  if (check.verdict === 'damaged') return ['the vault is damaged']
  return [
    ...(isAfter(points, undisturbed.after.points) ? [] : ['the points are those before']),
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

const OF_VAULT = /^(?:segments|keyring)\/_vault\//
/** A document and its keys: the configuration. */
const DOCUMENT_FILES = 2

/** What nobody needs, in the vault and around it, once it was collected. */
async function findLeftovers({ folder }: Scene, { check }: Seen): Promise<string[]> {
  const { garbage, replaced } = check
  const unknown = (await listFiles(join(folder, 'vault'))).filter((name) => !isKnown(name))
  // Collection is of sources: what was left of a document of the vault stays, a few bytes.
  const ofVault = (await listFiles(join(folder, 'vault'))).filter((name) => OF_VAULT.test(name))
  const tolerated = ofVault.length - DOCUMENT_FILES
  const places = ['temporary', 'state'].filter((name) => existsSync(join(folder, name)))
  const around = await Promise.all(places.map((name) => listFiles(join(folder, name))))
  const forgotten = around.flat().filter((name) => !/\.(head\.json|entries)$/.test(name))
  return [
    ...(garbage.objects <= tolerated ? [] : [`${garbage.objects} objects of garbage are left`]),
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
    .map((path) => /(?:vault|second|state|temporary|copy\.db).*$/.exec(path)?.[0] ?? '')
    .filter((path) => path !== '')
    .map((path) => path.replace(/[0-9a-f]{8,}(-\d+-[0-9a-f]+)?/g, '*'))
  return `${name} ${[...new Set(short)].join(' -> ')}`
}
