import type { Links } from './chain-slots.ts'
import { ExpiredPoints } from './expired-points.ts'
import type { KeptPages } from './kept-pages.ts'
import { KnownSessions, type SessionRun } from './known-sessions.ts'
import { PagedLog } from './paged-log.ts'
import { PointList, type SlotRecord } from './point-list.ts'
import type { KeptFacts } from './read-facts.ts'
import type { KeptSource } from './read-source.ts'
import type { KeptForm } from './timeline-memory.ts'
import type { ReplacedSegment, TimelineState } from './timeline-state.ts'

/** How a folded source is kept: what was parsed into it was made by `format`. */
export const SOURCE_FORM: KeptForm<KeptSource> = {
  async spill(pages, { state, ...kept }) {
    const points = new PointList(await pages.keep(state.points.log), state.points.marks)
    const replaced = await pages.keep(state.replaced)
    const sessions = await pages.keepSessions(state.sessions)
    return { ...kept, state: { ...state, points, replaced, sessions } }
  },
  format: ({ links, state }) => ({
    links: formatLinks(links),
    slots: formatLog(state.points.log),
    marks: formatMarks(state.points),
    basis: state.basis,
    schemas: [...state.schemas],
    segments: [...state.segments],
    replaced: formatLog(state.replaced),
    sessions: formatSessions(state.sessions),
    fenced: [...state.fenced],
    repairs: [...state.repairs],
    uncounted: state.uncounted,
  }),
  parse(pages, json) {
    const form = json as SourceJson
    const links = parseLinks(form.links)
    const points = parsePoints(pages, form)
    const { damagedFrom, headHash, headSeq, isUnsupported, source, unknownKinds, voids } = links
    const state: TimelineState = {
      ...{ source, headSeq, headHash, damagedFrom, isUnsupported, unknownKinds, voids, points },
      gaps: points.marks.gaps,
      expired: points.marks.expired,
      basis: form.basis,
      schemas: new Map(form.schemas),
      segments: new Map(form.segments),
      replaced: parseLog<ReplacedSegment>(pages, form.replaced),
      sessions: parseSessions(pages, form.sessions),
      fenced: new Set(form.fenced),
      repairs: new Map(form.repairs),
      uncounted: form.uncounted,
      incidents: [...links.incidents, ...form.uncounted],
    }
    return { links, keptSeq: headSeq, state }
  },
  pagesIn: ({ state: { points, replaced, sessions } }) => [
    ...namesOf(points.log.pages),
    ...namesOf(replaced.pages),
    ...namesOf(sessions.runs.flat()),
  ],
}

/** How the facts of `_vault` are kept. */
export const FACTS_FORM: KeptForm<KeptFacts> = {
  spill: async (pages, { hashes, ...kept }) => ({ ...kept, hashes: await pages.keep(hashes) }),
  format: ({ entries, hashes, links }) => ({
    links: formatLinks(links),
    entries,
    hashes: formatLog(hashes),
  }),
  parse(pages, json) {
    const form = json as FactsJson
    const hashes = parseLog<string>(pages, form.hashes)
    const links = parseLinks(form.links)
    return { links, keptSeq: links.headSeq, entries: form.entries, hashes }
  },
  pagesIn: ({ hashes }) => namesOf(hashes.pages),
}

type LogJson<Item> = { readonly pages: readonly string[]; readonly tail: readonly Item[] }
type LinksJson = Omit<Links, 'authors'> & { readonly authors: readonly [string, number][] }
type SourceJson = {
  readonly links: LinksJson
  readonly slots: LogJson<SlotRecord>
  readonly marks: ReturnType<typeof formatMarks>
  readonly basis: number | null
  readonly schemas: TimelineMapJson['schemas']
  readonly segments: TimelineMapJson['segments']
  readonly replaced: LogJson<ReplacedSegment>
  readonly sessions: ReturnType<typeof formatSessions>
  readonly fenced: readonly string[]
  readonly repairs: readonly [string, string][]
  readonly uncounted: TimelineState['uncounted']
}
type FactsJson = Pick<KeptFacts, 'entries'> & {
  readonly links: LinksJson
  readonly hashes: LogJson<string>
}
type EntriesOf<M> =
  M extends ReadonlyMap<infer Key, infer Value> ? readonly (readonly [Key, Value])[] : never
type TimelineMapJson = {
  readonly schemas: EntriesOf<TimelineState['schemas']>
  readonly segments: EntriesOf<TimelineState['segments']>
}

function formatLinks(links: Links) {
  return { ...links, authors: [...links.authors] }
}

function parseLinks(json: LinksJson): Links {
  return { ...json, authors: new Map(json.authors) }
}

function formatLog<Item>({ pages, tail }: PagedLog<Item>) {
  return { pages: namesOf(pages), tail }
}

function parseLog<Item>(pages: KeptPages, { pages: names, tail }: LogJson<Item>): PagedLog<Item> {
  return new PagedLog(
    names.map((name) => pages.pageOf<Item>(name)),
    [...tail],
  )
}

function formatMarks({ marks }: PointList) {
  const { catalogues, expired, facts, gaps, gone, held, labels } = marks
  return {
    gaps,
    catalogues,
    facts: facts.map(({ earliestMs, points }) => [points, earliestMs] as const),
    labels: [...labels],
    held: [...held],
    gone: [...gone],
    expired: expired.stretches.map(({ by, from, to }) => [from, to, by] as const),
    expiredCount: expired.size,
  }
}

function parsePoints(pages: KeptPages, { marks, slots }: Pick<SourceJson, 'marks' | 'slots'>) {
  const { catalogues, expired, expiredCount, facts, gaps, gone, held, labels } = marks
  const stretches = expired.map(([from, to, by]) => ({ from, to, by }))
  return new PointList(parseLog(pages, slots), {
    catalogues,
    facts: facts.map(([points, earliestMs]) => ({ points, earliestMs })),
    labels: new Map(labels),
    held: new Set(held),
    gone: new Map(gone),
    gaps,
    expired: new ExpiredPoints(stretches, expiredCount),
  })
}

function formatSessions({ recent, runs }: KnownSessions) {
  const format = (run: SessionRun) =>
    run.map(({ count, first, name = '' }) => ({ count, first: String(first), name }))
  return { recent: [...recent].map(String), runs: runs.map(format) }
}

function parseSessions(
  pages: KeptPages,
  { recent, runs }: ReturnType<typeof formatSessions>,
): KnownSessions {
  const parse = (run: (typeof runs)[number]) =>
    run.map((block) => pages.blockOf({ ...block, first: BigInt(block.first) }))
  return new KnownSessions(new Set(recent.map(BigInt)), runs.map(parse))
}

function namesOf(pages: readonly { readonly name?: string }[]): string[] {
  return pages.flatMap(({ name }) => name ?? [])
}
