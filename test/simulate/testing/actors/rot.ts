import type { MemoryStore } from '#store/testing/memory-store'
import type { Actor, Turn } from '../actor.ts'

const DAY_MS = 86_400_000

/** A disk that forgets: takes away or changes an object of which the replica has a whole copy. */
export function rot(name: string, source: string): Actor {
  return {
    name,
    holds: 'everything',
    restMs: 5 * DAY_MS,
    mustSucceed: false,
    turn: (turn) => decay(turn, source),
  }
}

async function decay({ chance, isCalm, log, memory, truth }: Turn, source: string): Promise<void> {
  if (isCalm) return
  const isKeyring = chance.happens(0.3)
  const [here, there] = isKeyring
    ? [memory.keyring, memory.replicaKeyring]
    : [memory.store, memory.replica]
  const folder = isKeyring ? `${source}/` : `segments/${source}/`
  const names = [...here.objects.keys()].filter(
    (name) => name.startsWith(folder) && isSame(here, there, name),
  )
  const name = chance.pick(names)
  const bytes = here.objects.get(name ?? '')
  if (name === undefined || bytes === undefined) return
  truth.rotten.add(`${here.label}:${name}`)
  if (chance.happens(0.5)) here.objects.delete(name)
  else here.objects.set(name, changeOne(bytes, chance.between(0, bytes.length - 1)))
  log(`${here.label} object ${name} rots`)
}

function isSame(a: MemoryStore, b: MemoryStore, name: string): boolean {
  const [one, other] = [a.objects.get(name), b.objects.get(name)]
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0
}

function changeOne(bytes: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const changed = Uint8Array.from(bytes)
  changed[index] = (changed[index] ?? 0) ^ 1
  return changed
}
