import type { Cut } from '#record/cut'
import type { Catalogue } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { SourceCut } from '../../connector.ts'
import type { FeedScope } from '../../feed.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import { readFeedFacts } from './feed-facts.ts'
import { type JudgedFeed, judgeFeed } from './judge-feed.ts'

export type PostgresFeedDeps = {
  readonly identity: Cut['identity']
  readonly clock: Clock
  /** Opens a session that asks; the caller closes it. */
  readonly connect: (signal: AbortSignal) => Promise<Session>
  /** Opens a session that may read the log. */
  readonly connectToLog: (signal: AbortSignal) => Promise<Session>
  /** A cut of a snapshot that somebody else holds until this resolves. */
  readonly openCutAt: (
    moment: { readonly snapshot: string; readonly position: string; readonly time: string },
    signal: AbortSignal,
  ) => Promise<SourceCut>
}

export type ExaminedFeed = JudgedFeed & { readonly catalogue: Catalogue }

/** Asks everything that following needs, and judges it. */
export async function examineFeed(
  session: Session,
  { isCovered, name }: FeedScope,
  signal: AbortSignal,
): Promise<ExaminedFeed> {
  const facts = await readFeedFacts(session, name, signal)
  const catalogue = await readCatalogue(session, isCovered, signal)
  const entities = catalogue.entities.filter(({ entity }) => isCovered(entity))
  return { ...judgeFeed({ name, facts, entities }), catalogue }
}

/** @throws connector.feed-not-ready */
export function refuseUnready(name: string, { findings, isReady }: JudgedFeed): void {
  if (isReady) return
  const blocking = findings.filter(({ kind }) => kind === 'blocks')
  const found = blocking.map((finding) => [finding.found, ...finding.remedy].join('\n    '))
  const message = `Cannot follow as "${name}": found\n  ${found.join('\n  ')}`
  throw new AppError('connector.feed-not-ready', message, { name, findings: blocking })
}
