import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from './make-certificates.ts'
import { giveTo } from './server-user.ts'
import { type PostgresServer, type StartPostgresOptions, startPostgres } from './start-postgres.ts'

export type TlsPostgresServer = PostgresServer & {
  /** The authority that signed both certificates. */
  readonly caFile: string
  /** An authority that signed nothing here. */
  readonly otherCaFile: string
  /** A certificate for the role `postgres`, and its key, mode 0600. */
  readonly clientCertFile: string
  readonly clientKeyFile: string
}

export type StartTlsPostgresOptions = Omit<StartPostgresOptions, 'prepare'> & {
  /** The name in the server's certificate; `localhost` (with 127.0.0.1) unless told otherwise. */
  readonly serverName?: string
}

/**
 * Starts a server that speaks TLS with a certificate of a throw-away authority, and takes no
 * connection without. Give `hba: ['hostssl all all 127.0.0.1/32 cert']` to ask for client
 * certificates.
 */
export async function startTlsPostgres(
  options: StartTlsPostgresOptions,
): Promise<TlsPostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  try {
    const files = makeCertificates(folder, options.serverName ?? 'localhost')
    const server = await startPostgres({
      hba: ['hostssl all all 127.0.0.1/32 scram-sha-256'],
      ...options,
      config: {
        ...options.config,
        ssl: 'on',
        ssl_cert_file: 'server.crt',
        ssl_key_file: 'server.key',
        ssl_ca_file: 'ca.crt',
      },
      prepare: async (dataDir, user) => {
        for (const name of ['server.crt', 'server.key', 'ca.crt']) {
          copyFileSync(join(folder, name), join(dataDir, name))
          chmodSync(join(dataDir, name), 0o600)
          giveTo(user, join(dataDir, name))
        }
      },
    })
    const stop = async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
    return { ...server, ...files, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
