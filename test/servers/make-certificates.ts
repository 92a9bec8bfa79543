import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a throw-away authority with certificates for a server and a client, and one that signed neither. */
export function makeCertificates(folder: string, serverName: string) {
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
