import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { ObjectStore, PutResult } from '#store/object-store'
import type { Chain } from './chain-slots.ts'
import type { EntryBody } from './entry.ts'
import { formatEntryName } from './entry-name.ts'
import { formatEntry, hashEntry } from './envelope.ts'
import type { HeadMemory } from './head-memory.ts'
import { refuseUnfit } from './refuse-unfit.ts'
import type { Author, LogDeps } from './sealed-statement.ts'

const ATTEMPTS_MAX = 8
const DELAY_MS = 100

export type AppendDeps = LogDeps & {
  readonly store: ObjectStore
  readonly memory: HeadMemory
  readonly clock: Clock
  readonly random: Random
}

export type AppendRequest = {
  /** The timeline as it was read; the entry goes into the slot after its head. */
  readonly after: Pick<
    Chain,
    'source' | 'headSeq' | 'headHash' | 'voids' | 'damagedFrom' | 'isUnsupported' | 'unknownKinds'
  >
  readonly body: EntryBody
  readonly author: Author
}

/**
 * Commits one entry: bytes, durable, visible, read back. When it resolves, the entry is there.
 *
 * A store that stops answering leaves it open whether the entry was taken; the same bytes are
 * offered again until the slot is decided, and finding one's own entry there is success.
 * @throws timeline.lost-race when somebody else's entry took the slot
 * @throws timeline.undecided when the store did not answer to the end
 * @throws timeline.damaged | timeline.format-unsupported when nothing may be written after `after`
 */
export async function appendEntry(
  deps: AppendDeps,
  { after, author, body }: AppendRequest,
  signal: AbortSignal,
): Promise<{ readonly seq: number; readonly hash: string }> {
  refuseUnfit(after)
  const { source, voids } = after
  const seq = after.headSeq + 1
  const previous = after.headSeq < 0 ? null : after.headHash
  const time = new Date(deps.clock.nowMs()).toISOString()
  const bytes = formatEntry(deps, { source, seq, previous, voids, time, body }, author)
  await decideSlot(deps, { source, seq, bytes }, signal)
  const head = { seq, hash: hashEntry(bytes) }
  await deps.memory.remember(source, head)
  return head
}

type Offer = { readonly source: string; readonly seq: number; readonly bytes: Uint8Array }

async function decideSlot(deps: AppendDeps, offer: Offer, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await offerOnce(deps.store, offer, signal)
      if (result === 'ours') return
      const message = `Cannot commit entry ${offer.seq} of "${offer.source}": somebody else committed there first`
      throw new AppError('timeline.lost-race', message, { source: offer.source, seq: offer.seq })
    } catch (error) {
      if (!isAppError(error, 'store.unavailable')) throw error
      if (attempt >= ATTEMPTS_MAX) throw undecided(deps.store, offer, error)
    }
    await deps.clock.sleep(DELAY_MS * 2 ** (attempt - 1), signal)
  }
}

async function offerOnce(
  store: ObjectStore,
  { bytes, seq, source }: Offer,
  signal: AbortSignal,
): Promise<'ours' | 'theirs'> {
  const name = formatEntryName(source, seq)
  const result: PutResult = await store.put(name, bytes, signal)
  const found = await store.get(name, { signal })
  if (Buffer.compare(found, bytes) === 0) return 'ours'
  if (result === 'already-present') return 'theirs'
  const message = `Cannot commit entry ${seq} of "${source}": object "${name}" reads back as other bytes than were written`
  throw new AppError('timeline.damaged', message, { object: name })
}

function undecided(store: ObjectStore, { seq, source }: Offer, cause: unknown): AppError {
  const message = `Cannot tell whether entry ${seq} of "${source}" was committed: "${store.label}" stopped answering`
  return new AppError('timeline.undecided', message, { source, seq }, { cause })
}
