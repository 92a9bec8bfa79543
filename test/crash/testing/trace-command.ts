import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const HOLDFAST = fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))
const HOOK = fileURLToPath(new URL('./wait-for-tracer.cjs', import.meta.url))
const PATIENCE_MS = 120_000

/** The calls that create, write, sync, link, rename or remove files. */
const CALLS = [
  ...['openat', 'write', 'pwrite64', 'writev', 'pwritev', 'ftruncate', 'fsync', 'fdatasync'],
  ...['link', 'linkat', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat'],
  ...['mkdir', 'mkdirat', 'rmdir'],
]

/** `files` does all of Node's file work, `main` that of SQLite. */
export type ThreadName = 'files' | 'main'

/** A call of a thread: the `ordinal`-th of its name since the command began. */
export type Call = { readonly name: string; readonly ordinal: number; readonly text: string }

/** `full`: this call and every later one that takes space on a disk fails with ENOSPC. */
export type Effect = 'kill' | 'ENOSPC' | 'EIO' | 'full'

export type Fault = {
  readonly effect: Effect
  readonly call: Pick<Call, 'name' | 'ordinal'>
  /** With `full`: of each such call, the first that fails. */
  readonly from?: ReadonlyMap<string, number>
}

/**
 * What takes space. Not `write`: threads wake each other with it, and die where that fails; nor
 * `openat`, which mostly opens what is there.
 */
export const TAKING_SPACE: readonly string[] = [
  ...['pwrite64', 'pwritev', 'ftruncate', 'link', 'linkat', 'mkdir', 'mkdirat'],
  ...['rename', 'renameat', 'renameat2'],
]

export type Command = {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly argv: readonly string[]
}

export type Run = { readonly exit: number; readonly stdout: string; readonly stderr: string }

export type TracedRun = Run & {
  readonly isKilled: boolean
  /** Of the traced thread, in order; with a fault only calls of its name. */
  readonly calls: readonly Call[]
  /** The call that the fault hit. */
  readonly hit: Call | undefined
}

/** Whether strace is there and may look into a process that it did not start. */
export function canTrace(): boolean {
  const isThere = spawnSync('strace', ['-qq', '-e', 'trace=fsync', 'true']).status === 0
  if (!isThere || process.getuid?.() === 0) return isThere
  const scope = '/proc/sys/kernel/yama/ptrace_scope'
  return !existsSync(scope) || readFileSync(scope, 'utf8').trim() === '0'
}

/** Runs the command as a person would. */
export async function runCommand(command: Command): Promise<Run> {
  return await finish(start(command, {}))
}

/**
 * Runs the command with one thread for all of Node's file work, traces one thread of it, and has one
 * of its calls fail, or the process killed instead of that call.
 */
export async function traceCommand(
  command: Command,
  thread: ThreadName,
  fault?: Fault,
): Promise<TracedRun> {
  const meeting = await mkdtemp(join(tmpdir(), 'holdfast-tracer-'))
  try {
    const child = start(command, {
      UV_THREADPOOL_SIZE: '1',
      NODE_OPTIONS: `--require=${HOOK}`,
      HOLDFAST_TEST_TRACER: meeting,
    })
    const finished = finish(child)
    const log = join(meeting, 'log')
    const tracer = await attach(child, { meeting, log, thread }, fault)
    await writeFile(join(meeting, 'go'), '')
    const run = await finished
    await tracer.over
    const calls = parseLog(await readFile(log, 'utf8'))
    const isKilled = child.signalCode === 'SIGKILL'
    const hit = isKilled ? calls.at(-1) : calls.find((call) => call.text.includes('(INJECTED)'))
    return { ...run, calls, isKilled, hit }
  } finally {
    await rm(meeting, { recursive: true, force: true })
  }
}

function start({ argv, environment, folder }: Command, more: Record<string, string>) {
  return spawn(HOLDFAST, argv, {
    cwd: folder,
    env: { ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finish(child: ReturnType<typeof start>): Promise<Run> {
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)])
  return { exit: child.exitCode ?? -1, stdout, stderr }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

type Meeting = { readonly meeting: string; readonly log: string; readonly thread: ThreadName }

/** Resolves when every further call is traced; what it gives, when tracing is over. */
async function attach(
  child: ChildProcess,
  { log, meeting, thread }: Meeting,
  fault: Fault | undefined,
): Promise<{ readonly over: Promise<void> }> {
  const untilMs = performance.now() + PATIENCE_MS
  while (!existsSync(join(meeting, 'threads'))) {
    const isOver = child.exitCode !== null || performance.now() > untilMs
    if (isOver) throw new Error('Cannot trace the command: it did not come to its tracer')
    await sleep(5)
  }
  const threads = JSON.parse(await readFile(join(meeting, 'threads'), 'utf8'))
  const argv = ['-yy', '-s', '0', '-o', log, '-p', String(threads[thread]), ...formatFault(fault)]
  const tracer = spawn('strace', argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  const over = ended(tracer)
  let said = ''
  for await (const piece of tracer.stderr.setEncoding('utf8')) {
    said += piece
    if (said.includes(' attached')) break
  }
  if (!said.includes(' attached')) throw new Error(`Cannot trace the command: ${said}`)
  return { over }
}

function formatFault(fault: Fault | undefined): string[] {
  if (fault === undefined) return ['-e', `trace=${CALLS.join(',')}`]
  const { call, effect, from = new Map() } = fault
  if (effect === 'full') {
    const failing = [...from].map(([name, at]) => `inject=${name}:error=ENOSPC:when=${at}+`)
    return ['-e', `trace=${[...from.keys()].join(',')}`, ...failing.flatMap((one) => ['-e', one])]
  }
  const how = effect === 'kill' ? 'signal=KILL' : `error=${effect}`
  return ['-e', `trace=${call.name}`, '-e', `inject=${call.name}:${how}:when=${call.ordinal}`]
}

function parseLog(log: string): Call[] {
  const counts = new Map<string, number>()
  return log.split('\n').flatMap((line) => {
    const name = /^(\w+)\(/.exec(line)?.[1]
    if (name === undefined) return []
    const ordinal = (counts.get(name) ?? 0) + 1
    counts.set(name, ordinal)
    return [{ name, ordinal, text: line }]
  })
}
