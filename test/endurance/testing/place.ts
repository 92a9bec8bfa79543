import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const HOLDFAST = fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))
export const LOAD = fileURLToPath(new URL('../../load/write-load.mjs', import.meta.url))
export const PASSPHRASE = 'to hold fast for a thousand kills'

/** A folder with a configuration and a vault, used through the command line. */
export type Place = Disposable & {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** The one source, which is followed. */
  readonly source: string
  at(name: string): string
}

export type Answered = { readonly exit: number; readonly stdout: string; readonly stderr: string }

/** @param follow settings of following, as the configuration has them */
export function aPlace(url: string, follow: Readonly<Record<string, string>> = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-endurance-'))
  const source = 'crm'
  const crm = { connector: 'postgres', url, follow: { commit: '1s', ...follow } }
  // JSON is YAML.
  const config = { vault: './vault', sources: { [source]: crm } }
  writeFileSync(join(folder, 'holdfast.yaml'), `${JSON.stringify(config, null, 2)}\n`)
  return {
    folder,
    source,
    environment: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      HOLDFAST_PASSPHRASE: PASSPHRASE,
      HOLDFAST_STATE_DIR: join(folder, 'state'),
    },
    at: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Runs a command to its end. */
export async function runHoldfast(
  { environment, folder }: Place,
  ...argv: string[]
): Promise<Answered> {
  const child = spawn(HOLDFAST, argv, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[exit], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { exit: Number(exit ?? -1), stdout, stderr }
}

/** What the load needs, and every value of every change in the log. */
export function loadTables(): string {
  const tables = execFileSync(process.execPath, [LOAD, 'postgres', '--tables'], {
    encoding: 'utf8',
  })
  const identities = ['account', 'parcel_0', 'parcel_1'].map(
    (table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
  )
  return `${tables}\n${identities.join('\n')}`
}
