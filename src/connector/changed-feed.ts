import type { SourceFeed } from './feed.ts'

/** The same feed, but for the calls that are given. */
export function changedFeed(feed: SourceFeed, changes: Partial<SourceFeed>): SourceFeed {
  return {
    check: (...given) => feed.check(...given),
    start: (...given) => feed.start(...given),
    open: (...given) => feed.open(...given),
    extend: (...given) => feed.extend(...given),
    openCut: (...given) => feed.openCut(...given),
    isUpTo: (...given) => feed.isUpTo(...given),
    readPosition: (...given) => feed.readPosition(...given),
    readHealth: (...given) => feed.readHealth(...given),
    drop: (...given) => feed.drop(...given),
    ...changes,
  }
}
