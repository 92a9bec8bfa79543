import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BegunMark } from '#capture/follow-deps'
import { readIfAny } from '#stdx/read-if-any'
import { writeDurably } from '#stdx/write-durably'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'

/** The mark of one source of one vault, in the state folder: `<vault>/begun/<source>`, the feed's name. */
export async function openBegunMark(
  { random, readConfig }: Pick<Context, 'random' | 'readConfig'>,
  {
    feed,
    source,
    vault,
  }: { readonly vault: Vault; readonly source: string; readonly feed: string },
): Promise<BegunMark> {
  const { stateDir } = await readConfig()
  const path = join(stateDir, vault.id, 'begun', source)
  let isBegunHere = false
  return {
    async read() {
      return isBegunHere || (await readIfAny(path).catch(() => undefined)) === feed
    },
    async write(isBegun) {
      isBegunHere = isBegun
      try {
        if (!isBegun) return await rm(path, { force: true })
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        await writeDurably(path, feed, { random, mayReplace: true })
      } catch {
        // As without a state folder: what this process knows is enough while it lives.
      }
    },
  }
}
