import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { findPostgresBinaries, pickMajors } from './find-binaries.ts'
import { hasMariadb, type MariadbServer, startMariadb } from './start-mariadb.ts'
import { type PostgresServer, startPostgres } from './start-postgres.ts'
import { hasRadosgw, type Radosgw, startRadosgw } from './start-radosgw.ts'

export type SharedServer = Pick<PostgresServer, 'url' | 'major'> & { readonly binDir?: string }

export type SharedServers = {
  /** What tests may ask for; empty when this machine has no server at all. */
  readonly majors: readonly number[]
  /** Whether this machine can run an S3 server. */
  readonly hasS3: boolean
  /** Whether this machine can run MariaDB. */
  readonly hasMariadb: boolean
  /** Answers `<brokerUrl>/<major>`, `/mariadb` and `/s3` with that server, started on the first request. */
  readonly brokerUrl: string
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly servers: SharedServers
  }
}

/**
 * Vitest's global set-up: one server a major for all test files, started when the first test asks.
 *
 * Tests run in workers, and only this process lives as long as the run, so it listens on loopback
 * and starts servers on behalf of the workers.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const external = await findExternal(process.env['TEST_PG_URL'])
  const majors = external ? [external.major] : findMajors()
  const started = new Map<number, Promise<SharedServer & Partial<AsyncDisposable>>>()
  if (external) started.set(external.major, Promise.resolve(external))

  let radosgw: Promise<Radosgw> | undefined
  let mariadb: Promise<MariadbServer> | undefined
  const broker = createServer((request, response) => {
    if (request.url === '/s3') {
      radosgw ??= startRadosgw()
      radosgw.then(
        ({ accessKeyId, endpoint, others, secretAccessKey }) =>
          reply(response, 200, { accessKeyId, endpoint, others, secretAccessKey }),
        (error: unknown) => reply(response, 500, { message: String(error) }),
      )
      return
    }
    if (request.url === '/mariadb') {
      mariadb ??= startMariadb()
      mariadb.then(
        ({ url }) => reply(response, 200, { url }),
        (error: unknown) => reply(response, 500, { message: String(error) }),
      )
      return
    }
    const major = Number(request.url?.slice(1))
    const server = started.get(major) ?? startPostgres({ major })
    started.set(major, server)
    server.then(
      ({ url, binDir }) => reply(response, 200, { url, major, binDir }),
      (error: unknown) => reply(response, 500, { message: String(error) }),
    )
  })
  broker.listen(0, '127.0.0.1')
  await once(broker, 'listening')
  const address = broker.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const brokerUrl = `http://127.0.0.1:${port}`
  const others = { hasMariadb: hasMariadb(), hasS3: hasRadosgw() }
  project.provide('servers', { majors, ...others, brokerUrl })

  return async () => {
    broker.close()
    broker.closeAllConnections()
    const stopping = [...started.values()].map(async (server) =>
      (await server)[Symbol.asyncDispose]?.(),
    )
    const others = [radosgw, mariadb].map(async (server) => (await server)?.stop())
    await Promise.allSettled([...stopping, ...others])
  }
}

function findMajors(): readonly number[] {
  // Other platforms lack packages for some majors.
  const isComplete = process.platform === 'linux' && process.arch === 'x64'
  return pickMajors([...findPostgresBinaries().keys()], {
    wish: process.env['HOLDFAST_TEST_PG_MAJORS'],
    isStrict: process.env['CI'] === 'true' && isComplete,
  })
}

async function findExternal(url: string | undefined): Promise<SharedServer | undefined> {
  if (!url) return undefined
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ v: string }>(
      `select current_setting('server_version_num') v`,
    )
    return { url, major: Math.floor(Number(rows[0]?.v) / 10_000) }
  } finally {
    await client.end()
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
