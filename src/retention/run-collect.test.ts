import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { aCapture } from '#vault/testing/a-capture'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { type CollectOutcome, runCollect } from './run-collect.ts'

const HOUR_MS = 3_600_000
const GRACE_MS = 24 * HOUR_MS

type History = VaultInHand & {
  pass(ms: number): void
  capture(text: string): Promise<string>
  /** Puts a segment of these rows in the place of the one of a session; gives its session. */
  replace(session: string, text: string): Promise<string>
  collect(options?: { isDryRun?: boolean; vault?: Vault }): Promise<CollectOutcome>
  /** Sessions that have an object left, in the vault or its keyring. */
  sessions(): string[]
}

/** A vault of one source whose stores have a clock that a test moves. */
async function aHistory(): Promise<History> {
  let nowMs = 0
  const inHand = await aVault(() => nowMs)
  const { keyring, store, vault } = inHand
  await vault.addSource('erp', signal)
  return {
    ...inHand,
    pass: (ms) => {
      nowMs += ms
    },
    async capture(text) {
      const state = await vault.readTimeline('erp', signal)
      const base = state.points.at(-1)?.seq
      const body = await aRealCapture(vault, 'erp', base === undefined ? { text } : { text, base })
      await vault.append(state, body, signal)
      return body.session
    },
    async replace(session, text) {
      const state = await vault.readTimeline('erp', signal)
      const body = await aRealCapture(vault, 'erp', { text })
      const { segments } = body
      const removes = [`erp/${session}/1`]
      const sizes = { bytesStored: 0, durationMs: 0 }
      const compact = {
        kind: 'compact' as const,
        session: body.session,
        removes,
        segments,
        ...sizes,
      }
      await vault.append(state, compact, signal)
      return body.session
    },
    collect: ({ isDryRun = false, vault: other = vault } = {}) =>
      runCollect(
        { vault: other, random: systemRandom },
        { source: 'erp', graceMs: GRACE_MS, isDryRun },
        signal,
      ),
    sessions: () => {
      const names = [
        ...store.objects.keys(),
        ...[...keyring.objects.keys()].map((name) => `segments/${name}`),
      ]
      return [
        ...new Set(names.flatMap((name) => /^segments\/erp\/([^/]+)/.exec(name)?.[1] ?? [])),
      ].sort()
    },
  }
}

/** The same vault, but for what is given. */
function changed(vault: Vault, changes: Partial<Vault>): Vault {
  return new Proxy(vault, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name)
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function abandon(vault: Vault): Promise<string> {
  return (await aRealCapture(vault, 'erp', { text: '9\tleft\t\\N\n' })).session
}

test('runCollect() deletes what was replaced once its grace is over, data before keys', async () => {
  const { capture, collect, keyring, pass, replace, sessions, store, vault } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  const second = await replace(first, '1\ta\t\\N\n')
  expect(await collect()).toMatchObject({ deleted: [], waiting: { objects: 3 }, fence: null })
  pass(GRACE_MS - 1)
  expect((await collect()).deleted).toEqual([])
  pass(1)
  const dry = await collect({ isDryRun: true })
  expect(sessions()).toEqual([first, second].sort())
  const done = await collect()
  expect(done).toEqual(dry)
  expect(done.deleted.map(({ store: which, why }) => [which, why])).toEqual([
    ['vault', 'replaced by erp@2'],
    ['vault', 'replaced by erp@2'],
    ['keyring', 'replaced by erp@2'],
  ])
  expect(sessions()).toEqual([second])
  expect((await collect()).deleted).toEqual([])
  expect(
    [...store.objects.keys(), ...keyring.objects.keys()].filter((name) => name.includes('clock')),
  ).toEqual([])
  const report = await checkVault(vault, { depth: 'decoded', signal, onProgress: () => {} })
  expect(report).toMatchObject({
    verdict: 'whole',
    garbage: { objects: 0 },
    replaced: { objects: 0 },
  })
})

test('runCollect() declares a writer dead before it deletes what it left', async () => {
  const { capture, collect, pass, sessions, vault } = await aHistory()
  const kept = await capture('1\ta\t\\N\n')
  const left = await abandon(vault)
  expect(await collect()).toMatchObject({ deleted: [], waiting: { objects: 3 } })
  pass(GRACE_MS)
  expect(await collect({ isDryRun: true })).toMatchObject({
    dead: [left],
    fence: null,
    waiting: { objects: 0 },
  })
  const done = await collect()
  expect(done).toMatchObject({ dead: [left], fence: 2, waiting: { objects: 0 } })
  expect(done.deleted).toHaveLength(3)
  expect(sessions()).toEqual([kept])
  expect((await vault.readTimeline('erp', signal)).fenced).toEqual(new Set([left]))
})

test('a writer that was declared dead fails, and what it writes afterwards is swept again', async () => {
  const { capture, collect, pass, replace, sessions, vault } = await aHistory()
  const kept = await capture('1\ta\t\\N\n')
  const before = await vault.readTimeline('erp', signal)
  const late = await aRealCapture(vault, 'erp', { text: '1\tb\t\\N\n', base: 1 })
  pass(GRACE_MS)
  await collect()
  // It does not know yet, and the slot it wants is taken; then it knows.
  await expect(vault.append(before, late, signal)).rejects.toMatchObject({
    code: 'timeline.lost-race',
  })
  const again = await aRealCapture(vault, 'erp', { text: '1\tb\t\\N\n', base: 1 })
  const renamed = { ...again, session: late.session }
  const now = await vault.readTimeline('erp', signal)
  await expect(vault.append(now, renamed, signal)).rejects.toMatchObject({
    code: 'vault.entry-refused',
  })
  expect((await vault.readTimeline('erp', signal)).points).toHaveLength(1)
  await vault.store.put(`segments/erp/${late.session}/7.keys` as never, new Uint8Array(9), signal)
  expect((await collect()).deleted).toMatchObject([{ name: `segments/erp/${late.session}/7.keys` }])
  pass(GRACE_MS)
  await collect()
  const next = await replace(kept, '1\ta\t\\N\n')
  expect(sessions()).toEqual([kept, next].sort())
})

test('a writer that commits while it is being declared dead is first, and stays', async () => {
  const { capture, collect, pass, sessions, vault } = await aHistory()
  await capture('1\ta\t\\N\n')
  const state = await vault.readTimeline('erp', signal)
  const slow = await aRealCapture(vault, 'erp', { text: '1\tb\t\\N\n', base: 1 })
  pass(GRACE_MS)
  let reads = 0
  const racing = changed(vault, {
    async readTimeline(source: string, during: AbortSignal) {
      reads += 1
      const read = await vault.readTimeline(source, during)
      // The second reading is what the fence is appended after.
      if (reads === 2) await vault.append(state, slow, signal)
      return read
    },
  })
  expect(await collect({ vault: racing })).toMatchObject({ deleted: [], dead: [], fence: null })
  expect(sessions()).toContain(slow.session)
  expect((await vault.readTimeline('erp', signal)).points).toHaveLength(2)
})

test('runCollect() keeps what was replaced as long as what stands for it is not whole', async () => {
  const { capture, collect, pass, replace, sessions, store } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  const second = await replace(first, '1\ta\t\\N\n')
  const third = await replace(second, '1\ta\t\\N\n')
  pass(GRACE_MS)
  const rows = store.objects.get(`segments/erp/${third}/1.rows`)
  expect(rows).toBeDefined()
  rows?.set([(rows[40] ?? 0) ^ 1], 40)
  await expect(collect()).rejects.toMatchObject({ code: 'retention.replacement-damaged' })
  expect(sessions()).toEqual([first, second, third].sort())
  rows?.set([(rows[40] ?? 0) ^ 1], 40)
  await collect()
  expect(sessions()).toEqual([third])
})

test.each([
  [
    'damaged',
    (objects: Map<string, Uint8Array>) => objects.delete('timelines/erp/0000000001.entry'),
  ],
  [
    'void at its end',
    (objects: Map<string, Uint8Array>) =>
      objects.set('timelines/erp/0000000003.entry', new Uint8Array(99)),
  ],
])('runCollect() deletes nothing of a timeline that is %s', async (_, harm) => {
  const { capture, collect, open, pass, replace, sessions, store, vault } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  await replace(first, '1\ta\t\\N\n')
  const left = await abandon(vault)
  pass(GRACE_MS)
  const before = sessions()
  expect(before).toContain(left)
  harm(store.objects)
  await expect(collect({ vault: await open() })).rejects.toMatchObject({
    code: 'retention.not-sound',
  })
  expect(sessions()).toEqual(before)
})

test('runCollect() deletes nothing of a timeline that was rolled back', async () => {
  const { capture, collect, pass, replace, sessions, store } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  await replace(first, '1\ta\t\\N\n')
  pass(GRACE_MS)
  const before = sessions()
  store.objects.delete('timelines/erp/0000000002.entry')
  await expect(collect()).rejects.toMatchObject({ code: 'timeline.rolled-back' })
  expect(sessions()).toEqual(before)
})

test('a custodian collects without being able to read; a keeper, a capture and a restorer cannot', async () => {
  const { capture, collect, openAs, pass, replace, sessions, vault } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  const second = await replace(first, '1\ta\t\\N\n')
  await abandon(vault)
  pass(GRACE_MS)
  for (const role of ['keeper', 'restore', 'auditor', 'capture'] as const) {
    const other = await openAs(role, 'erp')
    await expect(collect({ vault: other })).rejects.toMatchObject({ code: 'vault.role-missing' })
  }
  await collect({ vault: await openAs('custodian') })
  expect(sessions()).toEqual([second])
})

test('what a store keeps locked is pending, its keys stay, and another run takes it', async () => {
  const { capture, collect, keyring, pass, replace, sessions, vault } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  const second = await replace(first, '1\ta\t\\N\n')
  pass(GRACE_MS)
  const untilMs = 7 * GRACE_MS
  const locked = changed(vault, {
    store: {
      ...vault.store,
      async delete(name: string) {
        if (!name.endsWith('.rows')) return await vault.store.delete(name as never, signal)
        throw new AppError('store.locked', `Cannot delete "${name}"`, { untilMs })
      },
    },
  })
  const done = await collect({ vault: locked })
  expect(done.pending).toMatchObject([{ name: `segments/erp/${first}/1.rows`, untilMs }])
  expect(keyring.objects.has(`erp/${first}/1`)).toBe(true)
  await collect()
  expect(sessions()).toEqual([second])
})

test('objects that no entry explains stay', async () => {
  const { collect, pass, store, vault } = await aHistory()
  const state = await vault.readTimeline('erp', signal)
  const body = await aCapture(vault, 'erp')
  await vault.append(state, body, signal)
  store.objects.set(`segments/erp/${body.session}/99.rows`, new Uint8Array(5))
  pass(10 * GRACE_MS)
  expect(await collect()).toMatchObject({ deleted: [], unexplained: { objects: 1, bytes: 5 } })
})

test('a check that goes on while things are replaced and collected finds no damage', async () => {
  const { capture, collect, pass, replace, vault } = await aHistory()
  const first = await capture('1\ta\t\\N\n')
  let isRead = false
  const during = changed(vault, {
    async readChain(timeline: string, signalled: AbortSignal) {
      const chain = await vault.readChain(timeline, signalled)
      if (timeline !== 'erp' || isRead) return chain
      isRead = true
      await replace(first, '1\ta\t\\N\n')
      pass(GRACE_MS)
      expect((await collect()).deleted).toHaveLength(3)
      return chain
    },
  })
  const options = { depth: 'decoded' as const, signal, onProgress: () => {} }
  expect(await checkVault(during, options)).toMatchObject({ verdict: 'whole', problems: [] })
})
