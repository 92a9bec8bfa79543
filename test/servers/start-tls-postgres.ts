import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

function makeCertificates(folder: string, serverName: string) {
  const openssl = (...given: string[]) =>
    execFileSync('openssl', given, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

  for (const ca of ['ca', 'other-ca']) {
    const subject = `/CN=Holdfast test ${ca}`
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.crt`,
      '-subj',
      subject,
    )
  }
  for (const [file, name] of [
    ['server', serverName],
    ['client', 'postgres'],
  ] as const) {
    const names = file === 'server' && serverName === 'localhost' ? ',IP:127.0.0.1' : ''
    writeFileSync(join(folder, `${file}.ext`), `subjectAltName=DNS:${name}${names}\n`)
    openssl(
      'req',
      ...newKey,
      '-keyout',
      `${file}.key`,
      '-out',
      `${file}.csr`,
      '-subj',
      `/CN=${name}`,
    )
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    const extension = ['-extfile', `${file}.ext`]
    openssl('x509', '-req', '-in', `${file}.csr`, ...signing, ...extension, '-out', `${file}.crt`)
  }
  chmodSync(join(folder, 'client.key'), 0o600)
  return {
    caFile: join(folder, 'ca.crt'),
    otherCaFile: join(folder, 'other-ca.crt'),
    clientCertFile: join(folder, 'client.crt'),
    clientKeyFile: join(folder, 'client.key'),
  }
}
