import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Secret } from '#stdx/secret'
import { listOpenRestores } from '#timeline/open-restores'
import { commandIn, readDatabase } from './fault-stages.ts'
import {
  type Call,
  type Command,
  type Effect,
  type Run,
  runCommand,
  type ThreadName,
  traceCommand,
} from './trace-command.ts'
import { checkAtHand, openAtHand } from './vault-at-hand.ts'

const { signal } = new AbortController()

/** How far a command had come that restores into two targets, or takes one of them back. */
export const PHASES = [
  'nothing begun',
  'first begun',
  'first committed',
  'first said',
  'second begun',
  'second committed',
  'second said',
] as const
export type Phase = (typeof PHASES)[number]

/** Of a system that is restored into. */
export type KilledTarget = {
  readonly name: string
  /** Makes it what it was before the restore. */
  damage(folder: string): Promise<void>
  /** All that it holds, once nobody is at it. */
  read(folder: string): Promise<string>
}

export type Stage = {
  /** As it is before the command; what is tried is done to copies beside it. */
  readonly folder: string
  readonly keyFile: Secret
  readonly targets: readonly [KilledTarget, KilledTarget]
  readonly more: Readonly<Record<string, string>>
  /** The second target is a server, and only what is done to it is of interest. */
  readonly isSecondOnly: boolean
}

/** A call of a thread before which the process is killed. */
type Moment = { readonly thread: ThreadName; readonly call: Pick<Call, 'name' | 'ordinal'> }

/** A fresh copy, whose targets are damaged again. */
export async function setUp({ folder, targets }: Stage, name: string): Promise<string> {
  const copy = join(folder, '..', name)
  await rm(copy, { recursive: true, force: true })
  await cp(folder, copy, { recursive: true, preserveTimestamps: true })
  for (const target of targets) await target.damage(copy)
  return copy
}

export function lineOf({ more }: Stage, folder: string, argv: readonly string[]): Command {
  return commandIn(folder, { argv, more })
}

export async function killAt(command: Command, { call, thread }: Moment): Promise<boolean> {
  const effect: Effect = 'kill'
  return (await traceCommand(command, thread, { effect, call })).isKilled
}

/**
 * Moments of a command that tell its phases apart: right before and right after each entry that it adds
 * to the timeline of the vault, amid what it writes into targets, and around their commits.
 *
 * @param prepare gives the command, in a folder that is set up for it
 */
export async function findMoments(
  stage: Stage,
  prepare: (folder: string) => Promise<readonly string[]>,
): Promise<Moment[]> {
  const survey = async (thread: ThreadName) => {
    const folder = await setUp(stage, `survey-${thread}`)
    const run = await traceCommand(lineOf(stage, folder, await prepare(folder)), thread)
    if (run.exit !== 0) throw new Error(`Cannot survey: ${run.stderr}`)
    return run.calls
  }
  const files = await survey('files')
  const said = files.flatMap((call, i) => {
    // Of other calls a run may have more or fewer before this one.
    const next = files.findIndex(
      ({ name }, later) => later > i && /^(f.*sync|link|rename)/.test(name),
    )
    return isEntry(call) ? [i, next] : []
  })
  const main = await survey('main')
  const { isSecondOnly } = stage
  // The second target is begun by the third entry.
  const entries = isSecondOnly ? said.slice(5) : said
  return [
    ...entries.flatMap((i) => momentOf('files', files[i])),
    ...(isSecondOnly ? amidTalk(main) : aroundCommits(main)).flatMap((i) => {
      return momentOf('main', main[i])
    }),
  ]
}

function momentOf(thread: ThreadName, call: Call | undefined): Moment[] {
  return call === undefined ? [] : [{ thread, call: { name: call.name, ordinal: call.ordinal } }]
}

function isEntry({ name, text }: Call): boolean {
  return /^(link|rename)/.test(name) && text.includes('/timelines/_vault/')
}

/** Amid what the main thread writes to files, and right before and after it commits. */
function aroundCommits(calls: readonly Call[]): number[] {
  const isWrite = ({ name, text }: Call) => name === 'pwrite64' && /<[^>]*\.db>/.test(text)
  const commits = where(
    calls,
    ({ name, text }) => name === 'unlink' && text.includes('.db-journal'),
  )
  return [...new Set([...amid(where(calls, isWrite)), ...commits.flatMap((i) => [i, i + 1])])]
}

/** Amid what it says to a server. */
function amidTalk(calls: readonly Call[]): number[] {
  return amid(where(calls, ({ text }) => /^writev?\(\d+<TCP:/.test(text)))
}

function where(calls: readonly Call[], is: (call: Call) => boolean): number[] {
  return [...calls.entries()].flatMap(([i, call]) => (is(call) ? [i] : []))
}

function amid(places: readonly number[]): number[] {
  return [0.4, 0.8].flatMap((part) => places[Math.floor(places.length * part)] ?? [])
}

/** What the vault says of restores, and what targets hold. */
export async function judgePhase(
  stage: Stage,
  folder: string,
  known: { readonly before: readonly string[]; readonly entries: number },
): Promise<Phase> {
  const vault = await openAtHand(join(folder, 'vault'), stage.keyFile)
  const { begun, restores } = await vault.readRestores(signal)
  const states = await readTargets(stage, folder)
  const has = (some: readonly { body: { target: string } }[], i: number) =>
    some.slice(known.entries).some(({ body }) => body.target === stage.targets[i]?.name)
  const isNew = (i: number) => states[i] !== known.before[i]
  for (const [i, name] of [
    [1, 'second'],
    [0, 'first'],
  ] as const) {
    if (has(restores, i)) return `${name} said`
    if (has(begun, i)) return isNew(i) ? `${name} committed` : `${name} begun`
    if (isNew(i)) throw new Error(`The ${name} target changed before its restore was said to begin`)
  }
  return 'nothing begun'
}

export async function readTargets({ targets }: Stage, folder: string): Promise<string[]> {
  const read: string[] = []
  for (const target of targets) read.push(await target.read(folder))
  return read
}

/** Restores that began, the newest first, and how many are open. */
export async function listBegun({ keyFile }: Stage, folder: string): Promise<Begun> {
  const vault = await openAtHand(join(folder, 'vault'), keyFile)
  const facts = await vault.readRestores(signal)
  const { verdict } = await checkAtHand(vault, 'decoded')
  const restores = facts.begun.map(({ body }) => body).toReversed()
  return { restores, open: listOpenRestores(facts).length, verdict }
}

type Begun = {
  readonly restores: readonly { readonly restore: string; readonly target: string }[]
  readonly open: number
  readonly verdict: string
}

export async function runWell(command: Command): Promise<Run> {
  const run = await runCommand(command)
  if (run.exit === 0) return run
  throw new Error(`${command.argv.join(' ')}: exit ${run.exit}\n${run.stderr}`)
}

/** A file beside the vault. */
export function fileTarget(name: string, damaged: string): KilledTarget {
  const pathOf = (folder: string) => join(folder, `${name}.db`)
  return {
    name,
    async damage(folder) {
      for (const end of ['-journal', '-wal', '-shm']) {
        await rm(`${pathOf(folder)}${end}`, { force: true })
      }
      await cp(damaged, pathOf(folder))
    },
    read: (folder) => readDatabase(pathOf(folder)),
  }
}
