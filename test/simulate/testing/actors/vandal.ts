import { formatEntryName } from '#timeline/entry-name'
import type { Actor, Turn } from '../actor.ts'

const DAY_MS = 86_400_000

/** Can write to the store and holds no key: puts garbage into the next slot of a timeline. */
export function vandal(name: string, source: string): Actor {
  return {
    name,
    holds: 'everything',
    restMs: 12 * DAY_MS,
    mustSucceed: false,
    turn: (turn) => spoil(turn, source),
  }
}

async function spoil({ chance, isCalm, signal, memory, truth, vault }: Turn, source: string) {
  if (isCalm) return
  const names = [...memory.store.objects.keys()].filter((name) =>
    name.startsWith(`timelines/${source}/`),
  )
  const seq = names.length
  // Without its genesis there would never be a source.
  if (seq === 0) return
  const name = formatEntryName(source, seq)
  truth.voids.add(`${source}/${seq}`)
  const result = await vault.store.put(name, chance.bytes(chance.spread(1, 500)), signal)
  if (result === 'already-present') truth.voids.delete(`${source}/${seq}`)
}
