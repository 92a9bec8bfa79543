import type { ObjectName } from '#store/object-store'
import type { BlobRef } from '../version-batch.ts'

const HASH_BYTES = 32
const COMMITMENT_BYTES = 32
/** Hash, commitment, text bytes and offset and size (8 each), place and block (4 each). */
const RECORD_BYTES = HASH_BYTES + COMMITMENT_BYTES + 3 * 8 + 2 * 4
const TEXT_AT = HASH_BYTES + COMMITMENT_BYTES
const OFFSET_AT = TEXT_AT + 8
const SIZE_AT = OFFSET_AT + 8
const PLACE_AT = SIZE_AT + 8
const BLOCK_AT = PLACE_AT + 4
/** At most some 50 MB. */
const RECORDS_MAX = 500_000
const FIRST_SLOTS = 1_024

type Place = { readonly object: ObjectName; readonly keyring: ObjectName }

/**
 * References to large values by their hash, a hundred bytes each instead of an object each. Open
 * addressing over the first bytes of the hash, which is as good as random. Full, it takes no more.
 */
export class BlobTable {
  readonly #recordsMax: number
  readonly #places: Place[] = []
  readonly #placeNumbers = new Map<string, number>()
  #records = Buffer.alloc(FIRST_SLOTS * RECORD_BYTES)
  /** Number of the record plus one, 0: free; twice as many as records at least. */
  #slots = new Uint32Array(2 * FIRST_SLOTS)
  #count = 0

  constructor(recordsMax = RECORDS_MAX) {
    this.#recordsMax = recordsMax
  }

  find(hash: Uint8Array): BlobRef | undefined {
    const record = this.#slots[this.#slotOf(hash)] ?? 0
    return record === 0 ? undefined : this.#read(record - 1)
  }

  /** The first reference of a hash stays. */
  add(ref: BlobRef): void {
    if (this.#count >= this.#recordsMax) return
    const slot = this.#slotOf(ref.hash)
    if (this.#slots[slot] !== 0) return
    if ((this.#count + 1) * RECORD_BYTES > this.#records.length) {
      this.#grow()
      this.add(ref)
      return
    }
    this.#write(this.#count, ref)
    this.#count += 1
    this.#slots[slot] = this.#count
  }

  /** The slot of this hash, or the free one where it belongs. */
  #slotOf(hash: Uint8Array): number {
    const mask = this.#slots.length - 1
    let slot = new DataView(hash.buffer, hash.byteOffset).getUint32(0, true) & mask
    for (;;) {
      const record = this.#slots[slot] ?? 0
      if (record === 0 || this.#isAt(record - 1, hash)) return slot
      slot = (slot + 1) & mask
    }
  }

  #isAt(record: number, hash: Uint8Array): boolean {
    const at = record * RECORD_BYTES
    return this.#records.compare(hash, 0, HASH_BYTES, at, at + HASH_BYTES) === 0
  }

  #grow(): void {
    this.#records = Buffer.concat([this.#records, Buffer.alloc(this.#records.length)])
    this.#slots = new Uint32Array(2 * this.#slots.length)
    for (let record = 0; record < this.#count; record++) {
      const at = record * RECORD_BYTES
      const hash = this.#records.subarray(at, at + HASH_BYTES)
      this.#slots[this.#slotOf(hash)] = record + 1
    }
  }

  #write(record: number, ref: BlobRef): void {
    const bytes = this.#records.subarray(record * RECORD_BYTES, (record + 1) * RECORD_BYTES)
    bytes.set(ref.hash)
    bytes.write(ref.commitment, HASH_BYTES, 'hex')
    bytes.writeDoubleLE(ref.textBytes, TEXT_AT)
    bytes.writeDoubleLE(ref.offset, OFFSET_AT)
    bytes.writeDoubleLE(ref.sizeBytes, SIZE_AT)
    bytes.writeUInt32LE(this.#numberOf(ref), PLACE_AT)
    bytes.writeUInt32LE(ref.block, BLOCK_AT)
  }

  #read(record: number): BlobRef | undefined {
    const bytes = this.#records.subarray(record * RECORD_BYTES, (record + 1) * RECORD_BYTES)
    const place = this.#places[bytes.readUInt32LE(PLACE_AT)]
    return (
      place && {
        hash: new Uint8Array(bytes.subarray(0, HASH_BYTES)),
        textBytes: bytes.readDoubleLE(TEXT_AT),
        object: place.object,
        keyring: place.keyring,
        commitment: bytes.toString('hex', HASH_BYTES, TEXT_AT),
        block: bytes.readUInt32LE(BLOCK_AT),
        offset: bytes.readDoubleLE(OFFSET_AT),
        sizeBytes: bytes.readDoubleLE(SIZE_AT),
      }
    )
  }

  #numberOf({ keyring, object }: Place): number {
    const known = this.#placeNumbers.get(object)
    if (known !== undefined) return known
    const number = this.#places.push({ keyring, object }) - 1
    this.#placeNumbers.set(object, number)
    return number
  }
}
