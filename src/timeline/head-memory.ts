import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Random } from '#stdx/random'
import { replaceFile } from '#stdx/replace-file'
import type { SeenHead } from './chain-slots.ts'

/**
 * Remembers, outside the vault, the newest head that was seen of each timeline. It is disposable:
 * losing it loses only the power to notice that a timeline was shortened, so whatever is wrong with
 * the folder is not an error. It is said, though: somebody counts on being told.
 */
export type HeadMemory = {
  /** For messages: where it is kept. */
  readonly label: string
  recall(timeline: string): Promise<SeenHead | undefined>
  remember(timeline: string, head: SeenHead): Promise<void>
}

const headSchema = z.strictObject({
  seq: z.int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})

/**
 * A memory in a folder, one file a timeline, each replaced whole.
 *
 * @param onForgotten told once what the first head that could not be kept failed with
 */
export function openHeadMemory(
  folder: string,
  random: Random,
  onForgotten: (error: unknown) => void = () => {},
): HeadMemory {
  const pathOf = (timeline: string) => join(folder, `${timeline}.head.json`)
  let isForgetful = false
  return {
    label: folder,
    async recall(timeline) {
      try {
        return headSchema.parse(JSON.parse(await readFile(pathOf(timeline), 'utf8')))
      } catch {
        // Never seen, or unusable: the same to us.
        return undefined
      }
    },
    async remember(timeline, { hash, seq }) {
      try {
        await replaceFile(pathOf(timeline), JSON.stringify({ seq, hash }), random)
      } catch (error) {
        // A read-only home must not fail a backup.
        if (!isForgetful) onForgotten(error)
        isForgetful = true
      }
    },
  }
}

/** For those who have nowhere to remember, and for one run: forgets with the process. */
export function createHeadMemory(): HeadMemory {
  const heads = new Map<string, SeenHead>()
  return {
    label: 'memory',
    recall: async (timeline) => heads.get(timeline),
    async remember(timeline, head) {
      heads.set(timeline, head)
    },
  }
}
