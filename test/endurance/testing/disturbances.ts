import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresServer } from '#test/servers/start-postgres'
import { type Follower, type Said, startFollower } from './follower.ts'
import type { Place } from './place.ts'

/** What is done to, and with what. */
export type Scene = {
  readonly place: Place
  readonly server: PostgresServer
  readonly said: Said
  /** Whoever follows at the moment. */
  follower: Follower
  /** At least 0, below 1. */
  readonly chance: () => number
}

type Disturb = (scene: Scene) => Promise<void>

const OVERTAKEN_WITHIN_MS = 30_000
const ALONE_WITHIN_MS = 20_000
const WAITS_MS = 3000

/** What may happen, and how often: the shares add up to 1. */
export const DISTURBANCES: Readonly<
  Record<string, { readonly share: number; readonly disturb: Disturb }>
> = {
  'kill -9 of the follower': { share: 0.56, disturb: killFollower },
  'kill -9 of the server': { share: 0.12, disturb: ({ server }) => server.crash() },
  'kill -9 of a process of the server': { share: 0.06, disturb: killWalSender },
  pg_terminate_backend: { share: 0.1, disturb: terminateBackends },
  'SIGSTOP and SIGCONT': { share: 0.08, disturb: stopAndGoOn },
  'a second follower': { share: 0.05, disturb: startSecond },
  'a second follower while the first is stopped': { share: 0.03, disturb: overtake },
}

async function killFollower(scene: Scene): Promise<void> {
  scene.follower.kill('SIGKILL')
  await scene.follower.ends(ALONE_WITHIN_MS)
  scene.follower = startFollower(scene.place, scene.said)
}

/** The server then ends every session and recovers. */
async function killWalSender({ server }: Scene): Promise<void> {
  const pids = await query(server, `select pid from pg_stat_replication`)
  for (const { pid } of pids) process.kill(Number(pid), 'SIGKILL')
}

async function terminateBackends({ server }: Scene): Promise<void> {
  await query(
    server,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast'`,
  )
}

async function stopAndGoOn({ chance, follower }: Scene): Promise<void> {
  follower.kill('SIGSTOP')
  await sleep(200 + 4000 * chance())
  follower.kill('SIGCONT')
}

/** One of the two ends, or waits for the other. */
async function startSecond(scene: Scene): Promise<void> {
  const second = startFollower(scene.place, scene.said)
  await Promise.race([second.ends(ALONE_WITHIN_MS), scene.follower.ends(ALONE_WITHIN_MS)])
  await leaveOne(scene, second)
}

/** The first one wakes up in the middle of what it did, and somebody else went on. */
async function overtake(scene: Scene): Promise<void> {
  const { follower: first, place, said } = scene
  first.kill('SIGSTOP')
  const untilMs = performance.now() + OVERTAKEN_WITHIN_MS
  let second = startFollower(place, said)
  while (second.commits === 0 && performance.now() < untilMs) {
    await sleep(50)
    if (!second.isAlive) second = startFollower(place, said)
  }
  first.kill('SIGCONT')
  // It had followed: it waits for the other one to end.
  await first.ends(WAITS_MS)
  await leaveOne(scene, second)
}

async function leaveOne(scene: Scene, second: Follower): Promise<void> {
  const { chance, follower: first } = scene
  const isSecondLeft = second.isAlive && (!first.isAlive || chance() < 0.5)
  const [kept, gone] = isSecondLeft ? [second, first] : [first, second]
  gone.kill('SIGKILL')
  await gone.ends(ALONE_WITHIN_MS)
  scene.follower = kept
}

/** Of the server, which may be starting. */
export async function query(
  { url }: Pick<PostgresServer, 'url'>,
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query<Record<string, unknown>>(sql)).rows ?? []
    } catch (error) {
      if (attempt >= 300) throw error
      await sleep(100)
    } finally {
      await client.end().catch(() => {})
    }
  }
}
