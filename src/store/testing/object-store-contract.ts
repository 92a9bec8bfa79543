import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { checkStore, emptyStore } from '../check-store.ts'
import { parseObjectName } from '../object-name.ts'
import type { ObjectStore } from '../object-store.ts'
import { probeStore } from '../probe-store.ts'

const { signal } = new AbortController()
const part = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,5}$/)
const objectName = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parseObjectName(parts.join('/')))
const content = fc.uint8Array({ maxLength: 4096 })

/** What every store must do. Each implementation calls this once; a customer's bucket is put to it too. */
export function testObjectStore(
  label: string,
  open: () => Promise<ObjectStore & AsyncDisposable>,
): void {
  describe(`${label}: object store contract`, () => {
    testWholeObjects(open)
    testNames(open)
    testWriters(open)
    test('checkStore() finds every property kept, and emptyStore() leaves nothing', async () => {
      await using store = await open()
      const deps = { clock: systemClock, random: systemRandom }
      const findings = await collect(checkStore(deps, store, signal))
      expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([])
      expect(await emptyStore(store, signal)).toBe(0)
      expect(await collect(store.list('', signal))).toEqual([])
    })
    test('probeStore() finds nothing to object to and leaves nothing behind', async () => {
      await using store = await open()
      await probeStore(store, systemRandom, { signal })
      expect(await collect(store.list('', signal))).toEqual([])
    })
  })
}

function testWholeObjects(open: () => Promise<ObjectStore & AsyncDisposable>): void {
  test('get() returns the bytes put() stored, or any part of them', async () => {
    await using store = await open()
    let count = 0
    await fc.assert(
      fc.asyncProperty(content, fc.nat(), fc.nat(), async (bytes, a, b) => {
        const name = parseObjectName(`x/${count++}`)
        expect(await store.put(name, bytes, signal)).toBe('stored')
        expect(await store.get(name, { signal })).toEqual(bytes)
        const offset = a % (bytes.byteLength + 1)
        const length = b % (bytes.byteLength - offset + 1)
        const piece = await store.get(name, { signal, range: { offset, length } })
        expect(piece).toEqual(bytes.slice(offset, offset + length))
        expect(await store.stat(name, signal)).toMatchObject({ name, sizeBytes: bytes.byteLength })
      }),
      { numRuns: 30 },
    )
  })

  test('put() leaves an object that is there untouched', async () => {
    await using store = await open()
    const name = parseObjectName('a/b')
    expect(await store.put(name, Uint8Array.of(1), signal)).toBe('stored')
    expect(await store.put(name, Uint8Array.of(2, 2), signal)).toBe('already-present')
    expect(await store.get(name, { signal })).toEqual(Uint8Array.of(1))
  })

  test('put() lets exactly one of many writers win, whole', async () => {
    await using store = await open()
    const name = parseObjectName('race')
    const contents = Array.from({ length: 12 }, (_, i) => new Uint8Array(50_000).fill(i))
    const results = await Promise.all(contents.map((bytes) => store.put(name, bytes, signal)))
    expect(results.filter((result) => result === 'stored')).toHaveLength(1)
    expect(await store.get(name, { signal })).toEqual(contents[results.indexOf('stored')])
  })

  test('get() refuses what is not there and parts that end beyond the object', async () => {
    await using store = await open()
    const name = parseObjectName('short')
    await expect(store.get(name, { signal })).rejects.toMatchObject({ code: 'store.not-found' })
    await store.put(name, new Uint8Array(10), signal)
    const beyond = store.get(name, { signal, range: { offset: 5, length: 6 } })
    await expect(beyond).rejects.toMatchObject({ code: 'store.short-read' })
    expect(await store.stat(parseObjectName('none'), signal)).toBeUndefined()
  })

  test('delete() removes an object once and does not complain the second time', async () => {
    await using store = await open()
    const name = parseObjectName('a/b/c')
    await store.put(name, new Uint8Array(1), signal)
    await store.delete(name, signal)
    await store.delete(name, signal)
    expect(await store.stat(name, signal)).toBeUndefined()
    expect(await collect(store.list('', signal))).toEqual([])
  })
}

function testNames(open: () => Promise<ObjectStore & AsyncDisposable>): void {
  test('list() gives the names under a folder in order of bytes, with sizes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(objectName, { maxLength: 12 }), async (names) => {
        await using store = await open()
        const apart = names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)))
        for (const name of apart) await store.put(name, new Uint8Array(name.length), signal)
        const sorted = [...apart].sort()
        const expected = sorted.map((name) => ({ name, sizeBytes: name.length }))
        const listed = await collect(store.list('', signal))
        expect(listed.map(({ name, sizeBytes }) => ({ name, sizeBytes }))).toEqual(expected)
        for (const one of listed) expect(await store.stat(one.name, signal)).toEqual(one)
        const [first = 'none'] = sorted
        const folder = first.includes('/') ? first.slice(0, first.indexOf('/') + 1) : 'none/'
        const inside = expected.filter(({ name }) => name.startsWith(folder))
        expect(await collect(store.list(folder, signal))).toMatchObject(inside)
        expect(await collect(store.list(folder, signal))).toHaveLength(inside.length)
        if (store.listFolder === undefined) return
        for (const at of ['', folder]) {
          const below = sorted.filter((name) => name.startsWith(at))
          const direct = below.map((name) => name.slice(at.length).replace(/\/.*/, '/'))
          expect(await collect(store.listFolder(at, signal))).toEqual([...new Set(direct)])
        }
      }),
      { numRuns: 20 },
    )
  })

  test('an aborted signal stops every call', async () => {
    await using store = await open()
    const aborted = AbortSignal.abort(new Error('stop'))
    const name = parseObjectName('a')
    await expect(store.put(name, new Uint8Array(1), aborted)).rejects.toThrow('stop')
    await expect(store.get(name, { signal: aborted })).rejects.toThrow('stop')
    await expect(store.stat(name, aborted)).rejects.toThrow('stop')
    await expect(collect(store.list('', aborted))).rejects.toThrow('stop')
    expect(await store.stat(name, signal)).toBeUndefined()
  })
}

function testWriters(open: () => Promise<ObjectStore & AsyncDisposable>): void {
  test('create() shows an object at its commit and not before', async () => {
    await using store = await open()
    const name = parseObjectName('s/1.rows')
    await using writer = await store.create(name, signal)
    // A Buffer, whose `slice` is a view and no copy.
    const piece = Buffer.of(1, 2, 3)
    await writer.write(piece)
    piece.fill(9)
    await writer.write(Uint8Array.of(4))
    expect(await store.stat(name, signal)).toBeUndefined()
    expect(await writer.commit()).toBe('stored')
    expect(await store.get(name, { signal })).toEqual(Uint8Array.of(1, 2, 3, 4))
  })

  test('create() leaves nothing behind when it is not committed', async () => {
    await using store = await open()
    {
      await using writer = await store.create(parseObjectName('s/2.rows'), signal)
      await writer.write(new Uint8Array(100))
    }
    expect(await collect(store.list('', signal))).toEqual([])
  })

  test('create() loses to what is there already', async () => {
    await using store = await open()
    const name = parseObjectName('s/3.rows')
    await using writer = await store.create(name, signal)
    await writer.write(Uint8Array.of(1))
    await store.put(name, Uint8Array.of(2), signal)
    expect(await writer.commit()).toBe('already-present')
    expect(await store.get(name, { signal })).toEqual(Uint8Array.of(2))
  })
}
