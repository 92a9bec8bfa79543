import { parseEntryName } from '#timeline/entry-name'
import type { Vault } from '#vault/vault'
import { HEADER_NAME } from '#vault/vault-header'
import type { Memories } from './actor.ts'
import type { Chance } from './chance.ts'
import { compareHeld, readHeld } from './read-records.ts'
import type { StoredObject, StoreWatch } from './simulated-store.ts'
import { must, type Truth } from './truth.ts'

const POINTS_AT_A_TIME = 3
const { signal } = new AbortController()

/**
 * Holds the replica against the vault and the truth: whatever lies in its slots is what lies in the
 * vault's, and from the moment it can be opened every point that is seen there reads as it should.
 */
export class ReplicaCheck implements StoreWatch {
  readonly #memory: Memories
  readonly #truth: Truth
  readonly #chance: Chance
  readonly #touched = new Set<string>()

  constructor(memory: Memories, truth: Truth, chance: Chance) {
    this.#memory = memory
    this.#truth = truth
    this.#chance = chance
  }

  offered(): void {}

  stored({ bytes, name }: StoredObject): void {
    const source = parseEntryName(name)?.source
    const isHeader = name === HEADER_NAME
    if (source === undefined && !isHeader) return
    for (const one of isHeader ? this.#truth.points.keys() : [source]) this.#touched.add(one ?? '')
    const here = this.#memory.store.objects.get(name)
    const isSame = here !== undefined && Buffer.compare(here, bytes) === 0
    must(isSame, 'replica', `${name} is not what the vault has`)
  }

  deleted({ name }: { readonly name: string }): void {
    const isEntry = parseEntryName(name) !== undefined
    must(!isEntry, 'replica', `entry ${name} was deleted`)
    for (const source of this.#truth.points.keys()) {
      if (name.includes(`${source}/`)) this.#touched.add(source)
    }
  }

  /** @throws Violation */
  async afterStep(vault: Vault): Promise<void> {
    if (this.#touched.size === 0 || !this.#memory.replica.objects.has(HEADER_NAME)) return
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const source of touched) {
      if (this.#truth.points.has(source)) await this.#checkSource(vault, source, POINTS_AT_A_TIME)
    }
  }

  /** Once the weather is calm and everything was copied: nothing is missing. */
  async atTheEnd(vault: Vault): Promise<void> {
    const [here, there] = [this.#memory.store.objects, this.#memory.replica.objects]
    for (const [name, bytes] of here) {
      if (parseEntryName(name) === undefined) continue
      const other = there.get(name)
      const isSame = other !== undefined && Buffer.compare(other, bytes) === 0
      must(isSame, 'replica', `${name} was not replicated`)
    }
    for (const source of this.#truth.points.keys()) {
      await this.#checkSource(vault, source, Number.POSITIVE_INFINITY)
    }
  }

  async #checkSource(vault: Vault, source: string, pointsMax: number): Promise<void> {
    const { replica, replicaKeyring } = this.#memory
    const folder = `timelines/${source}/`
    if (![...replica.objects.keys()].some((name) => name.startsWith(folder))) return
    const there = vault.openElsewhere(replica, replicaKeyring)
    const state = await there.readGoodPart(source, signal)
    const share = (pointsMax - 1) / state.points.length
    for (const point of state.points) {
      if (point !== state.points.at(-1) && !this.#chance.happens(share)) continue
      const expected = this.#truth.findPoint(source, point.seq)
      must(expected !== undefined, 'replica', `${source}@${point.seq} is not a point of the vault`)
      const held = await readHeld(there, { state, point }, signal)
      const difference = compareHeld(held, expected.held)
      must(difference === undefined, 'replica', `${source}@${point.seq} there: ${difference}`)
    }
  }
}
