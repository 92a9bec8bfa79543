import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findFreePort } from './free-port.ts'
import { findServerUser, giveTo, type ServerUser } from './server-user.ts'
import { stopChild } from './stop-child.ts'

export type MariadbServer = AsyncDisposable & {
  /** An administrator with a password, without a database. */
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** What the server printed last, for a failing test's message. */
  log(): string
  /** Kills it as a crash would, and starts it again over the same data at the same port. */
  crash(): Promise<void>
  /** Shuts down and removes the data. May be called twice. */
  stop(): Promise<void>
}

export type StartMariadbOptions = {
  /** Options of the server over the defaults below; an empty text is an option without value. */
  readonly options?: Readonly<Record<string, string>>
  /** Called with a folder that the server may read, before it starts. */
  readonly prepare?: (folder: string, user: ServerUser) => Promise<void>
}

const SERVER = '/usr/sbin/mariadbd'
const INSTALL = '/usr/bin/mariadb-install-db'
const READY_WITHIN_MS = 60_000
const STOP = { gentle: 'SIGTERM', hard: 'SIGKILL', withinMs: 20_000 } as const
const ATTEMPTS_MAX = 3

const OPTIONS = {
  'bind-address': '127.0.0.1',
  'character-set-server': 'utf8mb4',
  'gtid-strict-mode': '1',
  'innodb-buffer-pool-size': '128M',
  'innodb-doublewrite': '0',
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-log-file-size': '96M',
  'log-bin': 'binlog',
  'binlog-format': 'ROW',
  'binlog-row-metadata': 'FULL',
  'local-infile': '1',
  'max-connections': '200',
  'server-id': '1',
  'skip-name-resolve': '1',
  'sync-binlog': '0',
}

/** Whether this machine has what `startMariadb` needs. */
export function hasMariadb(): boolean {
  return existsSync(SERVER) && existsSync(INSTALL)
}

/**
 * Starts a MariaDB of its own on loopback: free port, throw-away data, a random password.
 *
 * It stops with `stop()`, at the end of `await using`, and when this process ends in any way, since
 * a guard process then finds its pipe closed.
 */
export async function startMariadb(options: StartMariadbOptions = {}): Promise<MariadbServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mariadb-'))
  const guard = startGuard(folder)
  const removeFolder = async () => {
    rmSync(folder, { recursive: true, force: true })
    guard.ref()
    guard.stdin?.end('stopped\n')
    if (guard.exitCode === null) await once(guard, 'exit')
  }
  try {
    const place = await prepareFolder(folder, options)
    let { child, log, port } = await startOnFreePort(place, options.options ?? {})
    guard.stdin?.write(`${child.pid}\n`)
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= stopChild(child, STOP).then(removeFolder)
      return stopping
    }
    const crash = async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      child = spawnServer(place, port, options.options ?? {})
      log = keepLog(child)
      guard.stdin?.write(`${child.pid}\n`)
      await waitUntilReady(child, log)
    }
    return {
      url: `mariadb://admin:${place.password}@127.0.0.1:${port}`,
      port,
      get pid() {
        return child.pid ?? 0
      },
      folder,
      log: () => log(),
      crash,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

type Place = { readonly folder: string; readonly password: string; readonly user: ServerUser }

async function prepareFolder(folder: string, options: StartMariadbOptions): Promise<Place> {
  const user = findServerUser()
  const password = randomBytes(12).toString('hex')
  chmodSync(folder, 0o755)
  for (const name of ['data', 'tmp']) {
    mkdirSync(join(folder, name))
    giveTo(user, join(folder, name))
  }
  const init = join(folder, 'init.sql')
  writeFileSync(
    init,
    `CREATE USER admin@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION;\n`,
    { mode: 0o600 },
  )
  giveTo(user, init)
  await options.prepare?.(folder, user)
  giveTo(user, folder)
  const install = ['--no-defaults', `--datadir=${join(folder, 'data')}`, '--skip-test-db']
  await promisify(execFile)(INSTALL, [...install, '--auth-root-authentication-method=normal'], {
    ...user,
    cwd: folder,
    env: environment(folder),
  })
  return { folder, password, user }
}

function environment(folder: string): Record<string, string> {
  const path = '/usr/sbin:/usr/bin:/sbin:/bin'
  return { PATH: path, HOME: folder, LC_ALL: 'C.UTF-8', TZ: 'UTC' }
}

type Started = { readonly child: ChildProcess; readonly log: () => string; readonly port: number }

async function startOnFreePort(
  place: Place,
  options: Readonly<Record<string, string>>,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort()
    const child = spawnServer(place, port, options)
    const log = keepLog(child)
    try {
      await waitUntilReady(child, log)
      return { child, log, port }
    } catch (error) {
      await stopChild(child, STOP)
      // Between our look at the port and the server's, somebody else may have taken it.
      if (!log().includes('Bind on TCP/IP port') || attempt >= ATTEMPTS_MAX) throw error
    }
  }
}

function spawnServer(
  { folder, user }: Place,
  port: number,
  options: Readonly<Record<string, string>>,
): ChildProcess {
  const settings = {
    ...OPTIONS,
    ...options,
    datadir: join(folder, 'data'),
    'init-file': join(folder, 'init.sql'),
    'pid-file': join(folder, 'data/mariadb.pid'),
    port: String(port),
    socket: join(folder, 'data/s.sock'),
    tmpdir: join(folder, 'tmp'),
  }
  const given = Object.entries(settings).map(([name, value]) =>
    value === '' ? `--${name}` : `--${name}=${value}`,
  )
  return spawn(SERVER, ['--no-defaults', ...given], {
    ...user,
    cwd: folder,
    // A group of its own: Ctrl-C at the terminal is for the tests, which then stop it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(folder),
  })
}

function keepLog(child: ChildProcess): () => string {
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-20_000)
  })
  return () => log
}

async function waitUntilReady(child: ChildProcess, log: () => string): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 20) {
    if (log().includes('ready for connections')) return
    if (child.exitCode !== null || child.signalCode !== null) break
    await sleep(20)
  }
  throw new Error(`Cannot start MariaDB: it did not become ready\n${log()}`)
}

/**
 * Reads the id of the server from a pipe from this process. `stopped` ends it; a closed pipe means
 * that this process died, and then it stops the server and removes the data.
 */
function startGuard(folder: string): ChildProcess {
  const script = `
    pids=
    while read -r word; do
      [ "$word" = stopped ] && exit 0
      pids="$pids $word"
    done
    [ -n "$pids" ] && kill -9 $pids 2>/dev/null
    rm -rf "$1" || { sleep 5; rm -rf "$1"; }`
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  return guard
}
