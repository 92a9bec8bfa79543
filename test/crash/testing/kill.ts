import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Traveller } from '../../journeys/testing/traveller.ts'

/** Begins a command and kills it after a while, as power that fails. Whether it was still running. */
export async function killAfter(
  { start }: Traveller,
  ms: number,
  argv: readonly string[],
): Promise<boolean> {
  const { child, done } = start(...argv)
  await Promise.race([sleep(ms), done])
  child.kill('SIGKILL')
  return (await done).signal === 'SIGKILL'
}

/** What runs that died left behind, and no later one took away. */
export async function listTemporaries({ at }: Traveller): Promise<string[]> {
  const names = ['temporary', 'vault/~tmp', 'vault/keyring/~tmp']
  const folders = names.map(at).filter((folder) => existsSync(folder))
  return (await Promise.all(folders.map((folder) => readdir(folder)))).flat()
}
