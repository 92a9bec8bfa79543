import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findPostgresBinaries, hydrateSymlinks } from './find-binaries.ts'
import { findFreePort } from './free-port.ts'
import {
  findServerUser,
  giveTo,
  makeServerFolder,
  reachableBinDir,
  type ServerUser,
} from './server-user.ts'
import { stopChild } from './stop-child.ts'

export type PostgresServer = AsyncDisposable & {
  /** Superuser, password and database `postgres` included. */
  readonly url: string
  readonly major: number
  readonly port: number
  readonly binDir: string
  readonly dataDir: string
  /** Of the first server, before any crash. */
  readonly pid: number
  /** What the server printed last, for a failing test's message. */
  log(): string
  /**
   * Kills the server at once, as a crash does, and starts it again on the same port; `whileDown`
   * may do to its data what it likes meanwhile.
   */
  crash(whileDown?: () => void): Promise<void>
  /** Shuts down fast and removes the data. May be called twice. */
  stop(): Promise<void>
}

export type StartPostgresOptions = {
  readonly major: number
  /** Takes the server from here instead of where `findPostgresBinaries` finds one. */
  readonly binDir?: string
  readonly signal?: AbortSignal
  /** Lines of postgresql.conf, by name, over the defaults below. */
  readonly config?: Readonly<Record<string, string>>
  /** Lines of pg_hba.conf instead of the default, which asks for a password on loopback. */
  readonly hba?: readonly string[]
  /** Called with the data folder and its owner before the server starts. */
  readonly prepare?: (dataDir: string, user: ServerUser) => Promise<void>
}

const READY_WITHIN_MS = 60_000
const STOP = { gentle: 'SIGINT', hard: 'SIGQUIT', withinMs: 20_000 } as const
const ATTEMPTS_MAX = 3
const RESTARTS_MAX = 50

const CONFIG = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum_naptime: '10min',
  max_connections: '100',
  shared_buffers: '128MB',
  max_wal_size: '4GB',
  wal_level: 'logical',
  timezone: 'UTC',
}

/**
 * Starts a PostgreSQL of its own on loopback: free port, throw-away data, a random password.
 *
 * It stops with `stop()`, at the end of `await using`, when `signal` aborts, and when this process
 * ends in any way, since a guard process then finds its pipe closed.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresServer> {
  const { major, signal } = options
  const found = options.binDir ?? findPostgresBinaries().get(major)
  if (found === undefined) throw new Error(`Cannot start PostgreSQL ${major}: no binaries found`)
  hydrateSymlinks(found)

  const folder = makeServerFolder()
  const guard = startGuard(folder)
  try {
    const user = findServerUser()
    chmodSync(folder, 0o755)
    const binDir = reachableBinDir(user, found, folder)
    const dataDir = join(folder, 'data')
    const password = randomBytes(12).toString('hex')
    await runInitdb({ binDir, dataDir, folder, password, user })
    if (options.hba) writeFileSync(join(dataDir, 'pg_hba.conf'), `${options.hba.join('\n')}\n`)
    await options.prepare?.(dataDir, user)
    writeConfig(dataDir, { ...CONFIG, ...options.config })
    const place = { binDir, dataDir, folder, user, signal }
    let { child, log, port } = await startOnFreePort(place)

    const stop = async () => {
      await stopChild(child, STOP)
      await removeFolder(folder, guard)
    }
    const crash = async (whileDown: () => void = () => {}) => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      whileDown()
      ;({ child, log } = await startAgain(place, port))
    }
    signal?.addEventListener('abort', () => void stop().catch(() => {}), { once: true })
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
    const pid = child.pid ?? 0
    const server = { url, major, port, pid, binDir, dataDir, stop, crash }
    return { ...server, log: () => log(), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await removeFolder(folder, guard)
    throw error
  }
}

type Place = {
  readonly binDir: string
  readonly dataDir: string
  /** Ours; holds the data folder and goes away with the server. */
  readonly folder: string
  readonly user: ServerUser
}

async function runInitdb(place: Place & { password: string }): Promise<void> {
  const { binDir, dataDir, folder, password, user } = place
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  giveTo(user, passwordFile)
  giveTo(user, folder)
  const initArguments = ['-D', dataDir, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync']
  initArguments.push('--auth=scram-sha-256', `--pwfile=${passwordFile}`)
  await promisify(execFile)(join(binDir, 'initdb'), initArguments, { ...user, cwd: folder })
  rmSync(passwordFile)
}

function writeConfig(dataDir: string, config: Readonly<Record<string, string>>): void {
  const lines = Object.entries(config).map(([name, value]) => `${name} = '${value}'\n`)
  writeFileSync(join(dataDir, 'postgresql.auto.conf'), lines.join(''))
}

type Started = { readonly child: ChildProcess; readonly log: () => string; readonly port: number }

async function startOnFreePort(
  place: Place & { signal: AbortSignal | undefined },
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    place.signal?.throwIfAborted()
    const port = await findFreePort()
    const child = spawnServer(place, port)
    const log = keepLog(child)
    try {
      await waitUntilReady(child, { log, isReady: readiness(place) })
      return { child, log, port }
    } catch (error) {
      await stopChild(child, STOP)
      // Between our look at the port and the server's, somebody else may have taken it.
      const isPortTaken = log().includes('could not bind')
      if (!isPortTaken || attempt >= ATTEMPTS_MAX) throw error
    }
  }
}

/** What is left of a killed server holds its shared memory for a moment longer. */
async function startAgain(place: Place, port: number): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const child = spawnServer(place, port)
    const log = keepLog(child)
    try {
      await waitUntilReady(child, { log, isReady: readiness(place) })
      return { child, log, port }
    } catch (error) {
      await stopChild(child, STOP)
      if (attempt >= RESTARTS_MAX) throw error
      await sleep(200)
    }
  }
}

function spawnServer({ binDir, dataDir, folder, user }: Place, port: number): ChildProcess {
  return spawn(join(binDir, 'postgres'), ['-D', dataDir, '-p', String(port)], {
    ...user,
    cwd: folder,
    // A group of its own: Ctrl-C at the terminal is for the tests, which then stop it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
  })
}

/**
 * Waits on a pipe from this process. `stopped` ends it; a closed pipe means that this process died,
 * and then it stops the server and removes the data.
 */
function startGuard(folder: string): ChildProcess {
  const script = `
    read -r word
    [ "$word" = stopped ] && exit 0
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then
      kill -INT "$pid" 2>/dev/null
      tries=0
      while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.2; tries=$((tries + 1)); done
      kill -QUIT "$pid" 2>/dev/null
    fi
    rm -rf "$1" || { sleep 5; rm -rf "$1"; }`
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  return guard
}

async function removeFolder(folder: string, guard: ChildProcess): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  if (guard.exitCode !== null) return
  // Without this the event loop may find nothing to wait for and end the process here.
  guard.ref()
  guard.stdin?.end('stopped\n')
  await once(guard, 'exit')
}

function keepLog(child: ChildProcess): () => string {
  const lines: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lines.push(text)
    if (lines.length > 200) lines.shift()
  })
  return () => lines.join('')
}

/** A standby is ready when it can be read, any other server when it can be written to. */
function readiness({ dataDir }: Place): RegExp {
  const isStandby = existsSync(join(dataDir, 'standby.signal'))
  return isStandby ? /ready to accept read.only connections/ : /ready to accept connections/
}

async function waitUntilReady(
  child: ChildProcess,
  { isReady, log }: { isReady: RegExp; log: () => string },
): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 20) {
    if (isReady.test(log())) return
    if (child.exitCode !== null || child.signalCode !== null) break
    await sleep(20)
  }
  throw new Error(`Cannot start PostgreSQL: it did not become ready\n${log()}`)
}
