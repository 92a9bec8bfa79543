import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Holder } from '#vault/holder'
import type { Finding } from '../examine-setup.ts'

const MAY: Readonly<Record<Holder['roles'][number], string>> = {
  root: 'makes and revokes keys',
  keeper: 'compacts and verifies',
  restore: 'shows, compares and restores',
  custodian: 'lists, checks hashes, holds, collects and co-signs',
  auditor: 'lists and checks hashes',
}

/** What whoever holds the credential may do, as a clause. */
export function describeHolder({ captures, reads, roles }: Holder): string {
  const backs =
    captures === 'all' ? ['backs up every source'] : captures.map((source) => `backs up ${source}`)
  const said = [...backs, ...roles.map((role) => MAY[role])]
  return `${said.join('; ')}; ${reads ? 'reads rows' : 'reads no row'}`
}

/** Whether nobody but its owner may read the file. */
export async function examineCredentialFile(file: string | undefined): Promise<Finding[]> {
  if (file === undefined) return []
  const check = 'credential file'
  try {
    const path = resolve(file)
    const mode = (await stat(path)).mode & 0o777
    if ((mode & 0o077) === 0) return [{ check, verdict: 'good', found: path, fix: '' }]
    const found = `${path} has mode ${mode.toString(8).padStart(3, '0')}, wanted 600`
    return [{ check, verdict: 'bad', found, fix: `Run: chmod 600 ${path}` }]
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'a failure'
    const fix = 'Name the file in HOLDFAST_KEY_FILE, or the recovery slot in HOLDFAST_SLOT.'
    return [{ check, verdict: 'bad', found: `found ${code} at ${file}`, fix }]
  }
}
