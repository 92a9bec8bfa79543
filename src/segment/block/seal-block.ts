import type { Part } from '#seal/data-keys'
import type { DataKey, VaultId } from '#seal/keys'
import { SECTION_OVERHEAD_BYTES, sealSection, unsealSection } from '#seal/seal-section'
import { releaseBytes } from '../batch/release.ts'
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
 * The opposite: the sections of a block, joined, in memory of their own.
 * @param sizes of the sealed sections, which follow each other in `sealed` and fill it
 * @throws seal.not-authentic | seal.key-destroyed | FormatProblem
 */
export function unsealBlock(
  key: DataKey,
  place: BlockPlace,
  sealed: Uint8Array,
  sizes: readonly number[],
): Uint8Array<ArrayBuffer> {
  const sealedBytes = sizes.reduce((sum, size) => sum + size, 0)
  if (sealedBytes !== sealed.length) {
    throw new FormatProblem('its sections are not as long as its footer says')
  }
  if (sizes.length === 1) return unsealSection(key, { ...place, section: 0 }, sealed)
  // All of it is written before any of it is read: nothing needs to be cleared.
  const openedBytes = sealedBytes - sizes.length * SECTION_OVERHEAD_BYTES
  const joined = new Uint8Array(Buffer.allocUnsafeSlow(openedBytes).buffer)
  let from = 0
  let to = 0
  for (const [section, size] of sizes.entries()) {
    const bytes = unsealSection(key, { ...place, section }, sealed.subarray(from, from + size))
    from += size
    joined.set(bytes, to)
    to += bytes.length
    releaseBytes(bytes)
  }
  return joined
}
