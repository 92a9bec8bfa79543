import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as z from 'zod'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import type { Random } from '#stdx/random'
import { replaceFile } from '#stdx/replace-file'
import type { Slot } from './envelope.ts'
import type { LogDeps } from './sealed-statement.ts'

/**
 * Keeps, outside the vault, the entries that this machine has verified, so that a long timeline is
 * not read and verified again by every command. Only what the machine itself has verified counts:
 * nobody else's word is taken. Disposable; whatever is wrong with it is not an error.
 */
export type SlotMemory = {
  recall(timeline: string): Promise<Map<number, Slot>>
  remember(timeline: string, slots: readonly Slot[]): Promise<void>
}

const FORMAT = 1
const SALT_BYTES = 32
const BYTES_MAX = 256 * 1024 * 1024

/** What is inside is ours, so that its form is looked at as far as telling formats apart. */
const contentSchema = z.strictObject({
  format: z.literal(FORMAT),
  slots: z.array(
    z.looseObject({ kind: z.literal('entry'), seq: z.int().min(0), hash: z.string() }),
  ),
})

/** A memory in a folder, one file a timeline, each sealed under the log key and replaced whole. */
export function openSlotMemory(
  folder: string,
  deps: LogDeps & { readonly random: Random },
): SlotMemory {
  const pathOf = (timeline: string) => join(folder, `${timeline}.entries`)
  const placeOf = (timeline: string, salt: Uint8Array) => ({
    logKey: deps.logKey,
    salt,
    aad: Buffer.from(`holdfast entries ${FORMAT}\n${deps.vaultId}/${timeline}`),
  })

  return {
    async recall(timeline) {
      try {
        const bytes = await readFile(pathOf(timeline))
        const place = placeOf(timeline, bytes.subarray(0, SALT_BYTES))
        const frame = unsealLogged(place, bytes.subarray(SALT_BYTES))
        if (frame === undefined) return new Map()
        const text = zstdDecompressSync(frame, { maxOutputLength: BYTES_MAX }).toString('utf8')
        const { slots } = contentSchema.parse(JSON.parse(text))
        // Sealed by this machine after `parseSlot` had made them.
        return new Map((slots as unknown as Slot[]).map((slot) => [slot.seq, slot]))
      } catch {
        // Never kept, or unusable: the same to us.
        return new Map()
      }
    },
    async remember(timeline, slots) {
      const salt = deps.random.bytes(SALT_BYTES)
      try {
        const frame = zstdCompressSync(JSON.stringify({ format: FORMAT, slots }))
        const sealed = sealLogged(placeOf(timeline, salt), frame)
        await replaceFile(pathOf(timeline), Buffer.concat([salt, sealed]), deps.random)
      } catch {
        // A read-only home must not fail a backup.
      }
    },
  }
}
