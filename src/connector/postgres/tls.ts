import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import { AppError } from '#stdx/app-error'
import type { PostgresAddress } from './address.ts'

/** How one attempt to connect is encrypted; `false`: not at all. */
export type TlsAttempt = false | ConnectionOptions

/**
 * The attempts that an address allows, in order, as libpq makes them: `allow` tries without and
 * then with TLS, `prefer` the other way round, a Unix socket is never encrypted. Only `verify-ca`,
 * `verify-full` and a given root certificate look at who the server is.
 *
 * @throws connector.address-invalid when a certificate file cannot be read
 */
export async function planTls(address: PostgresAddress): Promise<readonly TlsAttempt[]> {
  if (address.sslMode === 'disable' || address.host.startsWith('/')) return [false]
  const options = await readTlsOptions(address)
  switch (address.sslMode) {
    case 'allow':
      return [false, options]
    case 'prefer':
      return [options, false]
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return [options]
  }
}

async function readTlsOptions(address: PostgresAddress): Promise<ConnectionOptions> {
  const { sslMode, sslRootCert } = address
  const isVerified =
    sslMode === 'verify-full' ||
    sslMode === 'verify-ca' ||
    (sslMode === 'require' && sslRootCert !== null)
  const options: ConnectionOptions = { rejectUnauthorized: isVerified }
  if (sslRootCert !== null && sslRootCert !== 'system') {
    options.ca = await readPem('sslrootcert', sslRootCert)
  }
  if (address.sslCert !== null) options.cert = await readPem('sslcert', address.sslCert)
  if (address.sslKey !== null) options.key = await readPem('sslkey', address.sslKey)
  if (sslMode !== 'verify-full') options.checkServerIdentity = () => undefined
  return options
}

async function readPem(parameter: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const message = `Cannot read the file of ${parameter} "${path}": need a PEM file`
    throw new AppError('connector.address-invalid', message, { parameter, path }, { cause })
  }
}
