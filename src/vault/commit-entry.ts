import { AppError, isAppError } from '#stdx/app-error'
import { type AppendDeps, type AppendRequest, appendEntry } from '#timeline/append-entry'
import type { Chain } from '#timeline/chain-slots'
import { describeKind } from '#timeline/describe-kind'
import type { EntryBody } from '#timeline/entry'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts, judgeFact } from '#timeline/fold-facts'
import { isRevokedAt } from '#timeline/revocations'
import { AUTHORS, certificateRevoked, findAuthor } from './author.ts'
import { giveWay } from './give-way.ts'
import type { KeyLog } from './key-log.ts'
import type { OpenedVaultDeps } from './opened-vault-deps.ts'
import type { TimelineLog } from './timeline-log.ts'

export type CommitDeps = OpenedVaultDeps & {
  readonly keys: KeyLog
  readonly timelines: TimelineLog
}

type After = AppendRequest['after']
type Commit = { readonly after: After; readonly body: EntryBody }

/** What a fact says, or what decides on it after what was said; `undefined`: nothing is to be said. */
export type SaidFact =
  | EntryBody
  | ((after: Chain) => EntryBody | undefined | Promise<EntryBody | undefined>)

/**
 * Commits an entry as whoever of the credential may state it.
 * @throws vault.role-missing | vault.certificate-revoked, and as `appendEntry`
 */
export async function commitEntry(
  deps: CommitDeps,
  { after, body }: Commit,
  signal: AbortSignal,
): Promise<{ readonly seq: number }> {
  const doing = `Cannot commit ${describeKind(body.kind)} to "${after.source}"`
  const source = captureSourceOf(deps, after.source)
  const author = await findAuthor(deps, { roles: AUTHORS[body.kind], source, doing }, signal)
  const { revoked } = await deps.keys.recall(signal)
  const place = { source: after.source, seq: after.headSeq + 1 }
  const { certificateId } = author
  if (isRevokedAt(revoked, certificateId, place)) throw certificateRevoked(doing, certificateId)
  const done = await appendEntry(appendDepsOf(deps), { after, body, author }, signal)
  // Whoever stood still may have been revoked before its entry was stored: then it is void.
  const now = await deps.keys.read(signal)
  if (isRevokedAt(now.revoked, certificateId, place)) {
    throw certificateRevoked(doing, certificateId)
  }
  return done
}

/**
 * The same in `_vault`, which is begun where it is not. Its facts do not depend on each other: losing
 * the slot means taking the next.
 * @throws vault.entry-refused when it would not count
 */
export async function commitFact(
  deps: CommitDeps,
  said: SaidFact,
  signal: AbortSignal,
): Promise<{ readonly seq: number } | undefined> {
  return await giveWay(async () => {
    const begun = await beginFacts(deps, signal)
    const chain = begun ?? (await deps.timelines.readTrustedFacts(signal))
    const body = typeof said === 'function' ? await said(chain) : said
    if (body === undefined) return undefined
    const refusal = judgeFact(foldFacts(chain), body)
    if (refusal !== undefined) throw entryRefused(VAULT_TIMELINE, body, refusal)
    return await commitEntry(deps, { after: chain, body }, signal)
  })
}

/**
 * Makes the first entry of `_vault`, which only the root may state.
 * @returns `_vault` as it is where that is there already
 */
export async function beginFacts(
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<Chain | undefined> {
  const found = await deps.timelines.readTrustedFacts(signal)
  if (found.headSeq >= 0) return found
  const doing = 'Cannot begin the timeline of the vault'
  const wanted = { roles: ['root'] as const, source: VAULT_TIMELINE, doing }
  const author = await findAuthor(deps, wanted, signal)
  const body = { kind: 'genesis', source: VAULT_TIMELINE } as const
  try {
    await appendEntry(appendDepsOf(deps), { after: found, body, author }, signal)
  } catch (error) {
    if (!isAppError(error, 'timeline.lost-race')) throw error
  }
  return undefined
}

/** What it takes to write to a timeline of a vault. */
export function appendDepsOf(deps: OpenedVaultDeps): AppendDeps {
  const { clock, credential, header, memory, random, store } = deps
  return { vaultId: header.vaultId, logKey: credential.logKey, store, memory, clock, random }
}

/** @param refusal why it would not count */
export function entryRefused(source: string, { kind }: EntryBody, refusal: string): AppError {
  const message = `Cannot commit ${describeKind(kind)} to "${source}": ${refusal}`
  return new AppError('vault.entry-refused', message, { source })
}

/** In `_vault` a capture credential signs as the capture of its one source. */
function captureSourceOf({ credential }: CommitDeps, timeline: string): string {
  if (timeline !== VAULT_TIMELINE) return timeline
  return Object.keys(credential.sources)[0] ?? VAULT_TIMELINE
}
