import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCollect } from '#retention/run-collect'
import { type CompactionSummary, runCompaction } from '#retention/run-compaction'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openLocalStore } from '#store/local/local-store'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { measureFolder } from '../lib/folders.ts'
import { SourceLife } from './source-life.ts'

export const SOURCE = 'crm'
const PASSPHRASE = 'a long passphrase that only the bench knows'
/** As a job that runs every Sunday night. */
const COMPACT_EVERY_DAYS = 7

export type Lived = {
  /** Points, one a day. */
  readonly points: readonly number[]
  readonly mergedTextBytes: number
  readonly mergedS: number
  readonly compactions: readonly CompactionSummary[]
}

export type YearsVault = {
  readonly folder: string
  readonly vault: Vault
  readonly life: SourceLife
  /** For the launcher. */
  readonly env: Readonly<Record<string, string>>
  /** Every row. @returns the point and the size of the vault then */
  begin(): Promise<{ readonly point: number; readonly bytes: number }>
  live(days: LiveOptions): Promise<Lived>
  measureBytes(): number
}

export type LiveOptions = {
  readonly days: number
  readonly changed: number
  readonly first: { readonly point: number }
  say(text: string): void
}

export async function openYearsVault(folder: string, rows: number): Promise<YearsVault> {
  const { signal } = new AbortController()
  const places = { vault: join(folder, 'vault'), keyring: join(folder, 'vault/keyring') }
  mkdirSync(places.keyring, { recursive: true })
  const store = openLocalStore({ root: places.vault, random: systemRandom })
  const keyring = openLocalStore({ root: places.keyring, random: systemRandom })
  const deps = { store, keyring, random: systemRandom, clock: systemClock, signal }
  const passphrase = new Secret(PASSPHRASE)
  await createVault({ ...deps, passphrase })
  const vault = await openVault({ ...deps, passphrase, stateDir: join(folder, 'state') })
  await vault.addSource(SOURCE, signal)
  const life = new SourceLife(vault, { source: SOURCE, rows, signal })
  const measureBytes = () => measureFolder(places.vault)
  return {
    folder,
    vault,
    life,
    env: writeConfig(folder),
    measureBytes,
    async begin() {
      const point = await life.begin()
      return { point, bytes: measureBytes() }
    },
    async live({ changed, days, first, say }) {
      const points = [first.point]
      const compactions: CompactionSummary[] = []
      let mergedTextBytes = 0
      let mergedS = 0
      for (let day = 1; day <= days; day++) {
        const base = points.at(-1) ?? first.point
        points.push(await life.liveDay(day, life.pick(day, changed), base))
        if (day % COMPACT_EVERY_DAYS > 0 && day < days) continue
        const startedAtMs = performance.now()
        const progress = ({ bytes }: { readonly bytes: number }) => {
          mergedTextBytes += bytes
        }
        const compaction = { vault, clock: systemClock, random: systemRandom, progress }
        compactions.push(await runCompaction(compaction, SOURCE, signal))
        mergedS += (performance.now() - startedAtMs) / 1000
        const request = { source: SOURCE, graceMs: 0, isDryRun: false }
        await runCollect({ vault, random: systemRandom }, request, signal)
        if (day % 70 === 0) say(`Day ${day}: ${(measureBytes() / 1e6).toFixed(1)} MB`)
      }
      return { points, mergedTextBytes, mergedS, compactions }
    },
  }
}

/** For the same vault wherever its folder is copied to. */
export function writeConfig(folder: string): Readonly<Record<string, string>> {
  const config = join(folder, 'holdfast.yaml')
  const sources = { [SOURCE]: { connector: 'sqlite', file: './none.db' } }
  writeFileSync(
    config,
    JSON.stringify({ vault: './vault', stateDir: './state', sources, targets: {} }),
  )
  return {
    HOLDFAST_CONFIG: config,
    HOLDFAST_PASSPHRASE: PASSPHRASE,
    HOLDFAST_NO_INPUT: '1',
    NO_COLOR: '1',
  }
}
