import type { OpenedKeys, Part } from '#seal/data-keys'
import { commitToKeys, openKeyring } from '#seal/keyring'
import { AppError, isAppError } from '#stdx/app-error'
import type { ObjectName } from '#store/object-store'
import {
  decodeFooter,
  type Footer,
  type FooterBlock,
  parseTrailer,
  TRAILER_BYTES,
} from '../block/footer.ts'
import { damaged, FormatProblem, readingObject } from '../block/format-problem.ts'
import { unsealBlock } from '../block/seal-block.ts'
import type { ObjectRef, PlacedSegment, SegmentReadDeps, SegmentRef } from '../segment.ts'

/** A block with where it lies. */
export type PlacedBlock = FooterBlock & {
  readonly index: number
  readonly keysOffset: number
  readonly rowsOffset: number
  readonly rowsBytes: number
  /** Versions in the blocks before. */
  readonly versionsBefore: number
}

/** A segment whose footer was read and whose data keys are those its entry commits to. */
export type OpenSegment = {
  readonly ref: SegmentRef
  readonly seq: number
  readonly keys: OpenedKeys
  readonly blocks: readonly PlacedBlock[]
  readonly blobsBytes: number
  /** Of all versions. */
  readonly seqMin: number
  readonly seqMax: number
}

/** The end of `.keys` is read at once: the footers of most segments are in it. */
const TAIL_BYTES = 65_536

/**
 * Opens the keyring object and reads the footer: two reads, a third for a footer over 64 KiB.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function openSegment(
  deps: SegmentReadDeps,
  { ref, seq }: PlacedSegment,
  signal: AbortSignal,
): Promise<OpenSegment> {
  const keys = await openDataKeys(deps, ref, signal)
  checkCommitment(ref, keys, 'keys')
  checkCommitment(ref, keys, 'rows')
  checkCommitment(ref, keys, 'blobs')
  const footer = await readFooter(deps, ref, keys, { seq, signal })
  return { ref, seq, keys, ...checkFooter(ref, footer) }
}

/** A large value is borrowed without what its segment's entry says of the keys. */
type KeyringRef = Pick<SegmentRef, 'keyring'> & Partial<Pick<SegmentRef, 'keyringObject'>>

/** @throws segment.damaged | segment.object-missing */
export async function openDataKeys(
  deps: SegmentReadDeps,
  { keyring: name, keyringObject }: KeyringRef,
  signal: AbortSignal,
): Promise<OpenedKeys> {
  const { vaultId, keyring, openers } = deps
  const stated = { name, ...(keyringObject && { bytes: keyringObject }) }
  const bytes = await reading(name, () => keyring.get(name, { stated, signal }))
  try {
    return await openKeyring({ vaultId, name, bytes, openers })
  } catch (cause) {
    if (!isAppError(cause, 'seal.not-authentic')) throw cause
    throw damaged(name, 'its keys do not open', cause)
  }
}

/** The part of an object. @throws segment.damaged | segment.object-missing */
export async function readRange(
  deps: SegmentReadDeps,
  name: ObjectName,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  return await reading(name, () => deps.store.get(name, { range, signal }))
}

/** The data key of a block. @throws segment.missing-key when the credential does not open the part */
export function dataKeyOf({ ref, keys }: OpenSegment, part: Part, block: number): Uint8Array {
  const all = keys[part]
  if (all === undefined) throw missingKey(ref.keyring, part)
  const key = all[block]
  if (key !== undefined) return key
  throw damaged(ref.keyring, `it has no key for block ${block} of ${part}`)
}

export function missingKey(keyring: ObjectName, part: Part): AppError {
  const message = `Cannot read ${part} of segment "${keyring}": its keys are sealed to another role`
  return new AppError('segment.missing-key', message, { segment: keyring, part })
}

async function reading<T>(name: ObjectName, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (isAppError(cause, 'store.short-read')) throw damaged(name, 'it is cut short', cause)
    if (!isAppError(cause, 'store.not-found')) throw cause
    const message = `Cannot read object "${name}": it is not in the store`
    throw new AppError('segment.object-missing', message, { object: name }, { cause })
  }
}

function checkCommitment(ref: SegmentRef, keys: OpenedKeys, part: Part): void {
  const object = ref[part]
  const opened = keys[part]
  if (opened === undefined) {
    if (part === 'keys') throw missingKey(ref.keyring, part)
    return
  }
  if (object === null || commitToKeys(object.name, opened) === object.commitment) return
  throw damaged(ref.keyring, `its keys are not those of "${object.name}"`)
}

type FooterOptions = { readonly seq: number; readonly signal: AbortSignal }

async function readFooter(
  deps: SegmentReadDeps,
  ref: SegmentRef,
  keys: OpenedKeys,
  { seq, signal }: FooterOptions,
): Promise<Footer> {
  const { name, sizeBytes } = ref.keys
  const tailBytes = Math.min(TAIL_BYTES, sizeBytes)
  const range = { offset: sizeBytes - tailBytes, length: tailBytes }
  let tail = await readRange(deps, name, range, signal)
  const trailer = readingObject(name, 'its end', () => parseTrailer(tail.slice(-TRAILER_BYTES)))
  const { footerBytes, blockCount } = trailer
  const endBytes = footerBytes + TRAILER_BYTES
  if (endBytes > sizeBytes) throw damaged(name, 'its end names a footer larger than itself')
  if (endBytes > tailBytes) {
    tail = await readRange(deps, name, { offset: sizeBytes - endBytes, length: endBytes }, signal)
  }
  const key = keys.keys?.[blockCount]
  if (key === undefined || keys.keys?.length !== blockCount + 1) {
    throw damaged(name, 'its end names another number of blocks than it has keys')
  }
  const place = { vaultId: deps.vaultId, segment: ref.keyring, part: 'keys', block: blockCount }
  const sealed = tail.subarray(tail.length - endBytes, tail.length - TRAILER_BYTES)
  return readingObject(name, 'its footer', () => {
    const bytes = unsealBlock(key, { ...place, part: 'keys' }, sealed, [sealed.length])
    const footer = decodeFooter(bytes, seq)
    const keysBytes = footer.blocks.reduce((sum, block) => sum + block.keysBytes, 0)
    if (footer.blocks.length !== blockCount || keysBytes + endBytes !== sizeBytes) {
      throw new FormatProblem('it is of another object')
    }
    return footer
  })
}

function checkFooter(ref: SegmentRef, footer: Footer) {
  let [keysOffset, rowsOffset, versionsBefore, rowCount] = [0, 0, 0, 0]
  const blocks = footer.blocks.map((block, index): PlacedBlock => {
    const rowsBytes = block.rowSections.reduce((sum, size) => sum + size, 0)
    const placed = { ...block, index, keysOffset, rowsOffset, rowsBytes, versionsBefore }
    keysOffset += block.keysBytes
    rowsOffset += rowsBytes
    versionsBefore += block.count
    rowCount += block.rowCount
    return placed
  })
  const isSame =
    footer.generation === ref.generation &&
    footer.schema === ref.schema &&
    footer.stamps === ref.stamps &&
    versionsBefore === ref.versionCount &&
    rowCount === ref.rowCount &&
    rowsOffset === sizeOf(ref.rows) &&
    footer.blobsBytes === sizeOf(ref.blobs)
  if (!isSame) throw damaged(ref.keys.name, 'its footer does not say what its entry says')
  const seqMin = blocks.reduce((min, block) => Math.min(min, block.seqMin), Number.MAX_SAFE_INTEGER)
  const seqMax = blocks.reduce((max, block) => Math.max(max, block.seqMax), 0)
  return { blocks, blobsBytes: footer.blobsBytes, seqMin, seqMax }
}

function sizeOf(object: ObjectRef | null): number {
  return object?.sizeBytes ?? 0
}
