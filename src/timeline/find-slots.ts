import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { formatEntryName, parseEntryName } from './entry-name.ts'

/** A slot that holds an object. */
export type SlotPlace = { readonly name: ObjectName; readonly seq: number }

/** Up to here the names of a timeline are listed by every reading, so that a hole is noticed by each. */
export const LISTED_MAX = 8192
/** How far ahead slots are looked for: all of the next ones, then in steps that double. */
const AHEAD = Array.from({ length: 32 }, (_, i) => (i < 16 ? i + 1 : 2 ** (i - 11)))
const LOOKS_MAX = 16

/** Every slot of a timeline, ascending; nothing is known of its object but that it is there. */
export async function* listSlots(
  store: ObjectStore,
  source: string,
  signal: AbortSignal,
): AsyncGenerator<SlotPlace, void, undefined> {
  for await (const name of listNames(store, `timelines/${source}/`, signal)) {
    const seq = parseEntryName(name)?.seq
    if (seq !== undefined) yield { name: formatEntryName(source, seq), seq }
  }
}

/**
 * The slots after `headSeq`, up to which all are known to have been there; one in between may be lost.
 *
 * Of a long timeline the names are not listed: it is looked where the next slots would be, and ever
 * further ahead. What is lost of the newest entries shows by what is left behind it; whoever takes all
 * that nobody has seen is found out by nobody, with a listing or without.
 * @returns `undefined` when a slot is missing that should be there
 */
export async function findSlotsAfter(
  store: ObjectStore,
  { headSeq, source }: { readonly source: string; readonly headSeq: number },
  signal: AbortSignal,
): Promise<readonly SlotPlace[] | undefined> {
  const placeAt = (seq: number) => ({ name: formatEntryName(source, seq), seq })
  if (headSeq > LISTED_MAX) {
    const last = await findLast(store, { headSeq, source }, signal)
    return Array.from({ length: last - headSeq }, (_, i) => placeAt(headSeq + 1 + i))
  }
  let expected = 0
  const after: SlotPlace[] = []
  for await (const place of listSlots(store, source, signal)) {
    if (place.seq !== expected) return undefined
    expected += 1
    if (place.seq > headSeq) after.push(place)
  }
  return expected > headSeq ? after : undefined
}

/** The last slot of a timeline, looked for from one on that is known to have been there. */
export async function findLast(
  store: ObjectStore,
  { headSeq, source }: { readonly source: string; readonly headSeq: number },
  signal: AbortSignal,
): Promise<number> {
  const look = async (seq: number) => {
    const found = await store.stat(formatEntryName(source, seq), signal)
    return found === undefined ? headSeq : seq
  }
  for (let last = headSeq; ; ) {
    const before = last
    const looks = mapConcurrent(AHEAD, LOOKS_MAX, (step) => look(before + step))
    for await (const seq of looks) last = Math.max(last, seq)
    if (last === before) return last
  }
}

/** Every timeline that has an entry, in order of name. */
export async function listTimelines(store: ObjectStore, signal: AbortSignal): Promise<string[]> {
  const found = new Set<string>()
  if (store.listFolder === undefined) {
    for await (const { name } of store.list('timelines/', signal)) {
      const source = parseEntryName(name)?.source
      if (source !== undefined) found.add(source)
    }
  } else {
    for await (const name of store.listFolder('timelines/', signal)) {
      const source = name.replace(/\/$/, '')
      if (name !== source && (await hasEntry(store, source, signal))) found.add(source)
    }
  }
  return [...found].sort()
}

async function hasEntry(store: ObjectStore, source: string, signal: AbortSignal): Promise<boolean> {
  if ((await store.stat(formatEntryName(source, 0), signal)) !== undefined) return true
  for await (const _ of listSlots(store, source, signal)) return true
  return false
}

async function* listNames(
  store: ObjectStore,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  if (store.listFolder === undefined) {
    for await (const { name } of store.list(folder, signal)) yield name
  } else {
    for await (const name of store.listFolder(folder, signal)) yield `${folder}${name}`
  }
}
