import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatEntry } from './envelope.ts'
import { createHeadMemory } from './head-memory.ts'
import { PagedLog } from './paged-log.ts'
import { cosign } from './proposal.ts'
import { readSource } from './read-source.ts'
import { aTimelines, signal } from './testing/a-timeline.ts'
import { openTimelineMemory } from './timeline-memory.ts'
import type { TimelineState } from './timeline-state.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-kept-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function aLongTimeline(captures = 40) {
  const timelines = aTimelines()
  const author = timelines.beginLong('erp', captures)
  const reads: string[] = []
  const store = {
    ...timelines.store,
    get: (...args: Parameters<typeof timelines.store.get>) => {
      reads.push(args[0])
      return timelines.store.get(...args)
    },
  }
  /** As the next command on this machine does. */
  const next = async () => {
    reads.length = 0
    const kept = openTimelineMemory(folder, timelines.deps)
    const deps = { ...timelines.deps, store, memory: createHeadMemory(), kept }
    return (await readSource(deps, 'erp', { signal })).state
  }
  return { ...timelines, author, next, reads }
}

/** Everything that can be asked, pages read and all. */
function tell(state: TimelineState) {
  const { points, replaced, sessions, expired, ...rest } = state
  const all = [...points]
  return {
    ...rest,
    points: all,
    length: points.length,
    ends: [points.at(0), points.at(-1), points.at(all.length)],
    found: all.map(({ seq }) => [points.bySeq(seq), points.before(seq), points.after(seq)]),
    replaced: [...replaced],
    sessions: all.map(({ body }) => sessions.has(body.session)),
    stranger: sessions.has('stranger'),
    expired: Array.from({ length: state.headSeq + 2 }, (_, seq) => expired.get(seq)),
  }
}

test('what was verified once is not read again, and tells the same', async () => {
  const { append, author, nextCapture, object, next, read, reads } = await aLongTimeline()
  expect(tell(await next())).toEqual(tell(await read('erp')))
  expect(reads).toHaveLength(41)
  expect(tell(await next())).toEqual(tell(await read('erp')))
  expect(reads).toEqual([object(40)])
  await append('erp', await nextCapture('erp'), author)
  expect(tell(await next())).toEqual(tell(await read('erp')))
  expect(reads).toEqual([object(40), object(41)])
})

test('a timeline that is another one now is read as it is now', async () => {
  const { author, chain, deps, next, nextCapture, object, read, store } = await aLongTimeline()
  await next()
  const { entries } = await chain('erp')
  const previous = entries.at(-1)?.previous ?? null
  const body = await nextCapture('erp')
  const at = { source: 'erp', seq: 40, previous, voids: [], time: '2026-01-01T00:00:00Z' }
  store.objects.set(object(40), formatEntry(deps, { ...at, body: { ...body, base: 39 } }, author))
  expect(tell(await next())).toEqual(tell(await read('erp')))
  store.objects.delete(object(40))
  expect(tell(await next())).toEqual(tell(await read('erp')))
  store.objects.delete(object(20))
  expect(await next()).toMatchObject({ damagedFrom: 20 })
})

test('what is kept is sealed, and anything else in its place is not believed', async () => {
  const { next, read, reads } = await aLongTimeline()
  await next()
  const path = join(folder, 'erp.kept/head')
  const bytes = await readFile(path)
  expect(bytes.includes('capture')).toBe(false)
  bytes[60] = (bytes[60] ?? 0) ^ 1
  await writeFile(path, bytes)
  expect(tell(await next())).toEqual(tell(await read('erp')))
  expect(reads).toHaveLength(41)
})

test('where nothing has to be kept no folder is made', async () => {
  const log = new PagedLog<number>().add(1)
  const kept = openTimelineMemory(folder, aTimelines().deps)
  expect(await kept.pagesOf('erp').keep(log)).toBe(log)
  expect(await readdir(folder)).toEqual([])
})

test('whoever was revoked meanwhile from before what is kept has stated nothing', async () => {
  const { author, deps, next, store } = await aLongTimeline()
  await next()
  const kept = openTimelineMemory(folder, deps)
  const asked = { ...deps, store, memory: createHeadMemory(), kept }
  const since = (erp: number) => new Map([[author.certificateId, { erp }]])
  const later = await readSource(asked, 'erp', { revoked: since(40), signal })
  expect(later.state.points).toHaveLength(40)
  const { state } = await readSource(asked, 'erp', { revoked: since(30), signal })
  expect(state.points.at(-1)?.seq).toBe(30)
})

test('a head that was seen as another one is a rollback, however old it is', async () => {
  const { deps, next } = await aLongTimeline()
  await next()
  const kept = openTimelineMemory(folder, deps)
  const findSaid = async () => [{ seq: 12, hash: 'f'.repeat(64) }]
  const { links } = await readSource({ ...deps, kept }, 'erp', { findSaid, signal })
  expect(links.rolledBack).toMatch('entry 12 is another one')
})

test('pages are read when they are asked for, and one that is lost is said to be', async () => {
  const { append, author, nextCapture, next, read } = await aLongTimeline(1100)
  const whole = tell(await read('erp'))
  expect(tell(await next())).toEqual(whole)
  const pages = (await readdir(join(folder, 'erp.kept'))).filter((name) => name !== 'head')
  expect(pages).toHaveLength(1)
  expect(tell(await next())).toEqual(whole)
  const [page = ''] = pages
  await writeFile(join(folder, 'erp.kept', page), 'nothing of use')
  const state = await next()
  expect(state.points.at(-1)?.seq).toBe(1100)
  expect(state.points).toHaveLength(1100)
  await append('erp', await nextCapture('erp'), author)
  expect(() => state.points.bySeq(5)).toThrow(
    expect.objectContaining({ code: 'timeline.memory-lost' }),
  )
  expect((await next()).points.bySeq(5)?.seq).toBe(5)
}, 30_000)

test('pages that nothing names stay for who is reading them, an hour and not for ever', async () => {
  const { next } = await aLongTimeline(1100)
  const place = join(folder, 'erp.kept')
  const age = async (isAged: (name: string) => boolean) => {
    const ago = new Date(Date.now() - 2 * 3_600_000)
    for (const name of await readdir(place)) {
      if (isAged(name)) await utimes(join(place, name), ago, ago)
    }
  }
  /** As somebody does whom the newest head is of no use to. */
  const readAnew = async () => {
    await writeFile(join(place, 'head'), 'nothing of use')
    await next()
  }
  await next()
  const reading = await next()
  const [page = ''] = (await readdir(place)).filter((name) => name !== 'head')
  await age(() => true)
  await readAnew()
  await readAnew()
  expect(reading.points.bySeq(5)?.seq).toBe(5)
  await age((name) => name.startsWith(page))
  await readAnew()
  expect((await readdir(place)).filter((name) => name.startsWith(page))).toEqual([])
  expect((await next()).points.bySeq(5)?.seq).toBe(5)
}, 30_000)

test('going on from what is kept tells what reading it all tells, whatever is said', async () => {
  type Step = { readonly kind: 'capture' | 'label' | 'hold' | 'release' | 'expire'; at: number }
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('capture', 'capture', 'label', 'hold', 'release', 'expire'),
    at: fc.nat(99),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 25 }), async (steps) => {
      const { anAuthor, append, begin, deps, nextCapture, read } = aTimelines()
      const author = await begin('erp', 3)
      const [custodian, keeper] = [anAuthor('custodian'), anAuthor('keeper')]
      const memory = createHeadMemory()
      let before: Awaited<ReturnType<typeof readSource>> | undefined
      for (const [{ at, kind }, isRead] of steps) {
        const { basis, headSeq, points } = await read('erp')
        const point = points.at(at % points.length)?.seq ?? 0
        if (kind === 'capture') await append('erp', await nextCapture('erp'), author)
        else if (kind === 'label')
          await append('erp', { kind, label: `at-${headSeq}`, point }, keeper)
        else if (kind === 'hold')
          await append('erp', { kind, points: [point], reason: '' }, custodian)
        else {
          const agreed = cosign(
            { vaultId: deps.vaultId, source: 'erp' },
            { kind, basis, points: [point] },
            custodian,
          )
          await append('erp', agreed, keeper)
        }
        if (!isRead) continue
        before = await readSource({ ...deps, memory, before }, 'erp', { signal })
        expect(tell(before.state)).toEqual(tell(await read('erp')))
      }
    }),
    { numRuns: 15 },
  )
}, 30_000)
