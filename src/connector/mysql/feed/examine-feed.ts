import type { SourceIdentity } from '#record/cut'
import type { Catalogue } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { SourceCut } from '../../connector.ts'
import type { FeedReport, FeedScope } from '../../feed.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import { readFeedFacts } from './feed-facts.ts'
import { judgeFeed } from './judge-feed.ts'

export type MysqlFeedDeps = {
  readonly identity: SourceIdentity
  readonly clock: Clock
  /** Opens a session; the caller closes it. */
  readonly connect: (signal: AbortSignal) => Promise<Session>
  readonly openCut: (signal: AbortSignal) => Promise<SourceCut>
}

export type ExaminedFeed = FeedReport & { readonly catalogue: Catalogue }

/** Asks everything that following needs, and judges it. */
export async function examineFeed(
  session: Session,
  { isCovered }: Pick<FeedScope, 'isCovered'>,
  signal: AbortSignal,
): Promise<ExaminedFeed> {
  const facts = await readFeedFacts(session, signal)
  const catalogue = await readCatalogue(session, isCovered, signal)
  const entities = catalogue.entities.filter(({ entity }) => isCovered(entity))
  return { ...judgeFeed(facts, entities), catalogue }
}

/** @throws connector.feed-not-ready */
export function refuseUnready(name: string, { findings, isReady }: FeedReport): void {
  if (isReady) return
  const blocking = findings.filter(({ kind }) => kind === 'blocks')
  const found = blocking.map((finding) => [finding.found, ...finding.remedy].join('\n    '))
  const message = `Cannot follow as "${name}": found\n  ${found.join('\n  ')}`
  throw new AppError('connector.feed-not-ready', message, { name, findings: blocking })
}
