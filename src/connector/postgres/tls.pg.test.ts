import { afterAll, beforeAll, expect, test } from 'vitest'
import { Secret } from '#stdx/secret'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { startTlsPostgres, type TlsPostgresServer } from '#test/servers/start-tls-postgres'
import { optionsFor } from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'

describePostgres('TLS', (major) => {
  let server: TlsPostgresServer
  let certOnly: TlsPostgresServer

  beforeAll(async () => {
    if (major !== newestMajor()) return
    server = await startTlsPostgres({ major })
    certOnly = await startTlsPostgres({
      major,
      serverName: 'db.example',
      hba: ['hostssl all all 127.0.0.1/32 cert'],
    })
  })

  afterAll(async () => {
    await server?.stop()
    await certOnly?.stop()
  })

  async function open(to: TlsPostgresServer, parameters: Record<string, string>): Promise<string> {
    const url = new URL(to.url)
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    await using source = await postgresConnector.openSource(optionsFor(new Secret(url.href)))
    return source.identity.system
  }

  const unreachable = { code: 'connector.unreachable' }
  const skip = () => major !== newestMajor()

  test.skipIf(skip())('a server that takes only TLS refuses sslmode=disable', async () => {
    await expect(open(server, { sslmode: 'disable' })).rejects.toMatchObject({
      code: 'connector.denied',
    })
  })

  test.skipIf(skip()).each(['allow', 'prefer', 'require'])(
    'sslmode=%s encrypts',
    async (sslmode) => {
      expect(await open(server, { sslmode })).toMatch(/^\d+$/)
    },
  )

  test.skipIf(skip())('a root certificate is held against the server', async () => {
    const right = { sslrootcert: server.caFile }
    const wrong = { sslrootcert: server.otherCaFile }
    for (const sslmode of ['require', 'verify-ca', 'verify-full']) {
      expect(await open(server, { sslmode, ...right })).toMatch(/^\d+$/)
      await expect(open(server, { sslmode, ...wrong })).rejects.toMatchObject(unreachable)
    }
    await expect(open(server, { sslmode: 'verify-ca' })).rejects.toMatchObject(unreachable)
    expect(await open(server, { sslmode: 'prefer', ...wrong })).toMatch(/^\d+$/)
  })

  test.skipIf(skip())(
    'only verify-full looks at the name; a client certificate opens',
    async () => {
      const client = {
        sslrootcert: certOnly.caFile,
        sslcert: certOnly.clientCertFile,
        sslkey: certOnly.clientKeyFile,
      }
      expect(await open(certOnly, { sslmode: 'verify-ca', ...client })).toMatch(/^\d+$/)
      await expect(open(certOnly, { sslmode: 'verify-full', ...client })).rejects.toMatchObject(
        unreachable,
      )
      const { sslrootcert } = client
      await expect(open(certOnly, { sslmode: 'verify-ca', sslrootcert })).rejects.toMatchObject({
        code: 'connector.denied',
      })
    },
  )

  test.skipIf(skip())('a certificate file that is not there is named', async () => {
    await expect(
      open(server, { sslmode: 'require', sslcert: '/no/such.crt' }),
    ).rejects.toMatchObject({
      code: 'connector.address-invalid',
      message: expect.stringContaining('/no/such.crt'),
    })
  })
})
