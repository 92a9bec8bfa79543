import type { LinkKind } from '../map-schema.ts'
import { type GroupSpool, SIDE_FROM } from './group-spool.ts'

/** A link whose two sides were joined; the sides are numbers of entities. */
export type JoinedLink = {
  readonly kind: LinkKind
  readonly from: number
  readonly to: number
  readonly groups: GroupSpool
}

/**
 * One bit for each record of an entity. It grows where there are more than was said: counts of a
 * point that a feed could not tell are not to be relied on.
 */
export class RowBits {
  #bits: Uint8Array
  count = 0

  constructor(rows: number) {
    this.#bits = new Uint8Array(Math.ceil(rows / 8))
  }

  has(ordinal: number): boolean {
    return ((this.#bits[ordinal >>> 3] ?? 0) & (1 << (ordinal & 7))) !== 0
  }

  /** Whether it was not there yet. */
  add(ordinal: number): boolean {
    if (this.has(ordinal)) return false
    if (ordinal >>> 3 >= this.#bits.length) {
      const more = new Uint8Array(2 * (ordinal >>> 3) + 8)
      more.set(this.#bits)
      this.#bits = more
    }
    this.#bits[ordinal >>> 3] = (this.#bits[ordinal >>> 3] ?? 0) | (1 << (ordinal & 7))
    this.count += 1
    return true
  }
}

export type Reached = {
  /** Records that belong to a party, by entity. */
  readonly owned: readonly RowBits[]
  /** Records that those of a party need, by entity; what is owned may be among them. */
  readonly needed: readonly RowBits[]
}

const HAS_OWNED_FROM = 1
const HAS_ANY_FROM = 2
const HAS_OWNED_TO = 4

/**
 * Spreads what belongs to a party over all links until nothing is added: down to children, over to
 * the same party elsewhere, up to what is needed. Cycles and self-references end because a record
 * is added once.
 *
 * Holds two bits a record and, while a link is passed, a byte for each of its values.
 * @param roots entities all of whose records are owned to begin with
 */
export async function reachRows(
  rowCounts: readonly number[],
  roots: readonly number[],
  links: readonly JoinedLink[],
): Promise<Reached> {
  const owned = rowCounts.map((rows) => new RowBits(rows))
  const needed = rowCounts.map((rows) => new RowBits(rows))
  for (const root of roots) {
    const rows = rowCounts[root] ?? 0
    for (let ordinal = 0; ordinal < rows; ordinal++) owned[root]?.add(ordinal)
  }
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false
    for (const link of links) {
      const flags = await readFlags(link, { owned, needed })
      if (await spread(link, flags, { owned, needed })) isGrowing = true
    }
  }
  return { owned, needed }
}

async function readFlags(link: JoinedLink, { needed, owned }: Reached): Promise<Uint8Array> {
  const flags = new Uint8Array(link.groups.groupCount)
  for await (const items of link.groups.read()) {
    for (let i = 0; i < items.length; i += 2) {
      const group = (items[i] ?? 0) >>> 1
      const ordinal = items[i + 1] ?? 0
      const isFrom = ((items[i] ?? 0) & 1) === SIDE_FROM
      const entity = isFrom ? link.from : link.to
      const isOwned = owned[entity]?.has(ordinal) === true
      let found = flags[group] ?? 0
      if (isOwned) found |= isFrom ? HAS_OWNED_FROM : HAS_OWNED_TO
      if (isFrom && (isOwned || needed[entity]?.has(ordinal) === true)) found |= HAS_ANY_FROM
      flags[group] = found
    }
  }
  return flags
}

async function spread(link: JoinedLink, flags: Uint8Array, reached: Reached): Promise<boolean> {
  const down = reached.owned[link.from]
  const isSame = link.kind === 'same'
  const up = isSame ? reached.owned[link.to] : reached.needed[link.to]
  // A reference is shared: what refers to it does not come with it.
  const downFlag = link.kind === 'reference' ? 0 : HAS_OWNED_TO
  const upFlag = isSame ? HAS_OWNED_FROM : HAS_ANY_FROM
  let isGrowing = false
  for await (const items of link.groups.read()) {
    for (let i = 0; i < items.length; i += 2) {
      const word = items[i] ?? 0
      const isFrom = (word & 1) === SIDE_FROM
      if (((flags[word >>> 1] ?? 0) & (isFrom ? downFlag : upFlag)) === 0) continue
      if ((isFrom ? down : up)?.add(items[i + 1] ?? 0) === true) isGrowing = true
    }
  }
  return isGrowing
}
