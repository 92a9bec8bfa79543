import { parseEntryName } from '#timeline/entry-name'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { DatedPoint } from './dated-point.ts'

/** The points of a timeline with the times that both clocks give them, in order. */
export async function readDatedPoints(
  vault: Vault,
  { points, source }: TimelineState,
  signal: AbortSignal,
): Promise<DatedPoint[]> {
  const storedMs = new Map<number, number>()
  for await (const { modifiedMs, name } of vault.store.list(`timelines/${source}/`, signal)) {
    const entry = parseEntryName(name)
    if (entry?.source === source) storedMs.set(entry.seq, modifiedMs)
  }
  return points.map(({ held, labels, seq, time }) => ({
    seq,
    timeMs: Date.parse(time),
    storedMs: storedMs.get(seq) ?? Number.NaN,
    isHeld: held,
    labels,
  }))
}
