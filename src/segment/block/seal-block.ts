import type { Part } from '#seal/data-keys'
import type { DataKey, VaultId } from '#seal/keys'
import { sealSection, unsealSection } from '#seal/seal-section'
import { FormatProblem } from './format-problem.ts'

/** Which block of which segment; `segment` is the name of its keyring object. */
export type BlockPlace = {
  readonly vaultId: VaultId
  readonly segment: string
  readonly part: Part
  readonly block: number
}

/** Seals the sections of one block under the block's own key, numbered from 0. */
export function sealBlock(
  key: DataKey,
  place: BlockPlace,
  sections: readonly Uint8Array[],
): Uint8Array<ArrayBuffer>[] {
  return sections.map((bytes, section) => sealSection(key, { ...place, section }, bytes))
}

/**
 * The opposite: the sections of a block, joined.
 * @param sizes of the sealed sections, which follow each other in `sealed` and fill it
 * @throws seal.not-authentic | seal.key-destroyed
 */
export function unsealBlock(
  key: DataKey,
  place: BlockPlace,
  sealed: Uint8Array,
  sizes: readonly number[],
): Uint8Array<ArrayBuffer> {
  let at = 0
  const sections = sizes.map((size, section) => {
    const bytes = unsealSection(key, { ...place, section }, sealed.subarray(at, at + size))
    at += size
    return bytes
  })
  if (at !== sealed.length)
    throw new FormatProblem('its sections are not as long as its footer says')
  const [only] = sections
  if (only !== undefined && sections.length === 1) return only
  return new Uint8Array(Buffer.concat(sections))
}
