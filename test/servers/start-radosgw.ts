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

export type Radosgw = AsyncDisposable & S3Accounts & { stop(): Promise<void> }

/** The owner of every bucket, and users who may do what a policy allows them. */
export type S3Accounts = S3Account & { readonly others: Readonly<Record<OtherUser, S3Account>> }

/** Where an S3 server answers, and with what it is spoken to. */
export type S3Account = {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Whom a policy of a bucket may name, besides the account `test`, which owns every bucket. */
export const OTHER_USERS = ['capture', 'custodian'] as const
type OtherUser = (typeof OTHER_USERS)[number]

const PROGRAMS = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin']
const READY_WITHIN_MS = 120_000
const STOP = { gentle: 'SIGTERM', hard: 'SIGKILL', withinMs: 10_000 } as const
const COMMAND_TRIES_MAX = 20

/** Whether this machine has what `startRadosgw` needs. */
export function hasRadosgw(): boolean {
  return PROGRAMS.every((program) => existsSync(`/usr/bin/${program}`))
}

/**
 * Starts a Ceph object gateway of its own on loopback: one monitor, one storage daemon that keeps
 * everything in memory, and the gateway; free ports, a throw-away account. Ready in about 12 s.
 *
 * It stops with `stop()`, and when this process ends in any way, since a guard process then finds
 * its pipe closed.
 */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-s3-'))
  const guard = startGuard(folder)
  const children: Child[] = []
  const stop = async () => {
    for (const { process } of children.splice(0).reverse()) await stopChild(process, STOP)
    rmSync(folder, { recursive: true, force: true })
    guard.ref()
    guard.stdin?.end('stopped\n')
    if (guard.exitCode === null) await once(guard, 'exit')
  }
  try {
    const place = await prepareFolder(folder)
    const start = (program: string, ...args: string[]) => {
      const child = startProgram(place, program, args)
      children.push(child)
      guard.stdin?.write(`${child.process.pid}\n`)
    }
    const run = (program: string, ...args: string[]) => runProgram(place, program, args)

    const monitor = `[v1:127.0.0.1:${place.monitorPort}]`
    const map = join(folder, 'monmap')
    await run('monmaptool', '--create', '--addv', 'a', monitor, '--fsid', place.clusterId, map)
    await run('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map)
    start('ceph-mon', '-i', 'a', '-f')
    const osdId = makeUuid()
    // A client may ask before it has heard which cluster this is, and is refused.
    const tell = (...args: string[]) =>
      trying(() => run('ceph', '--connect-timeout', '30', ...args))
    await tell('osd', 'new', osdId)
    await tell('osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=localhost')
    await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId)
    start('ceph-osd', '-i', '0', '-f')
    start('radosgw', '-n', 'client.rgw', '-f')
    const endpoint = `http://127.0.0.1:${place.gatewayPort}`
    await waitUntilReady(endpoint, children)
    const createUser = async (name: string): Promise<S3Account> => {
      const accessKeyId = randomBytes(10).toString('hex')
      const secretAccessKey = randomBytes(20).toString('hex')
      const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey]
      const user = ['--uid', name, '--display-name', name, ...keys]
      await trying(() => run('radosgw-admin', 'user', 'create', ...user))
      return { endpoint, accessKeyId, secretAccessKey }
    }
    const account = await createUser('test')
    const [capture, custodian] = OTHER_USERS
    const others = {
      capture: await createUser(capture),
      custodian: await createUser(custodian),
    }
    return { ...account, others, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Place = {
  readonly folder: string
  readonly configFile: string
  readonly clusterId: string
  readonly monitorPort: number
  readonly gatewayPort: number
  readonly user: ServerUser
}

async function prepareFolder(folder: string): Promise<Place> {
  const user = findServerUser()
  const place = {
    folder,
    configFile: join(folder, 'ceph.conf'),
    clusterId: makeUuid(),
    monitorPort: await findFreePort(),
    gatewayPort: await findFreePort(),
    user,
  }
  chmodSync(folder, 0o755)
  for (const name of ['mon', 'osd', 'rgw']) {
    mkdirSync(join(folder, name))
    giveTo(user, join(folder, name))
  }
  writeFileSync(place.configFile, formatConfig(place))
  giveTo(user, folder)
  return place
}

function formatConfig({ clusterId, folder, gatewayPort, monitorPort }: Place): string {
  const lines = {
    fsid: clusterId,
    mon_host: `[v1:127.0.0.1:${monitorPort}]`,
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    ms_bind_msgr2: 'false',
    // Loopback only, thrown away: nobody to be kept out but by the gateway.
    auth_cluster_required: 'none',
    auth_service_required: 'none',
    auth_client_required: 'none',
    osd_pool_default_size: '1',
    osd_pool_default_min_size: '1',
    osd_pool_default_pg_num: '4',
    osd_pool_default_pgp_num: '4',
    osd_pool_default_pg_autoscale_mode: 'off',
    mon_allow_pool_size_one: 'true',
    osd_crush_chooseleaf_type: '0',
    // Done by hand: the daemon does not ask twice, see above.
    osd_crush_update_on_start: 'false',
    osd_class_update_on_start: 'false',
    osd_objectstore: 'memstore',
    memstore_device_bytes: String(4 * 1024 ** 3),
    mon_data: join(folder, 'mon'),
    osd_data: join(folder, 'osd'),
    rgw_data: join(folder, 'rgw'),
    run_dir: folder,
    keyring: join(folder, 'keyring'),
    log_file: '/dev/null',
    mon_cluster_log_file: '/dev/null',
    admin_socket: '',
    pid_file: '',
    rgw_frontends: `beast endpoint=127.0.0.1:${gatewayPort}`,
  }
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`)
  return `[global]\n${text.join('')}`
}

/** A program and what it complained of last. */
type Child = { readonly process: ChildProcess; readonly log: () => string }

function startProgram(place: Place, program: string, args: readonly string[]): Child {
  const process = spawn(`/usr/bin/${program}`, ['-c', place.configFile, ...args], {
    ...place.user,
    cwd: place.folder,
    // A group of its own: Ctrl-C at the terminal is for the tests, which then stop it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin', HOME: place.folder, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  })
  let log = ''
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-4000)
  })
  return { process, log: () => log }
}

async function runProgram(place: Place, program: string, args: readonly string[]): Promise<void> {
  // monmaptool alone reads no configuration.
  const config = program === 'monmaptool' ? [] : ['-c', place.configFile]
  await promisify(execFile)(`/usr/bin/${program}`, [...config, ...args], {
    ...place.user,
    cwd: place.folder,
    env: { PATH: '/usr/bin:/bin', HOME: place.folder, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  })
}

function makeUuid(): string {
  return randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

async function trying(run: () => Promise<void>): Promise<void> {
  for (let count = 1; ; count++) {
    try {
      return await run()
    } catch (error) {
      if (count >= COMMAND_TRIES_MAX) throw error
    }
    await sleep(100)
  }
}

async function waitUntilReady(endpoint: string, children: readonly Child[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 100) {
    const isAnswering = await fetch(endpoint).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isAnswering) return
    const dead = children.find(({ process }) => process.exitCode !== null || process.signalCode)
    if (dead !== undefined) {
      throw new Error(`Cannot start radosgw: ${dead.process.spawnfile} ended\n${dead.log()}`)
    }
    await sleep(100)
  }
  throw new Error('Cannot start radosgw: it did not become ready')
}

/**
 * Reads the ids of processes from a pipe from this process. `stopped` ends it; a closed pipe means
 * that this process died, and then it stops them and removes the data.
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
