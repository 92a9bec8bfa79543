import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldTimeline } from './fold-timeline.ts'
import { createHeadMemory } from './head-memory.ts'
import { readChain } from './read-chain.ts'
import { aTimelines, signal } from './testing/a-timeline.ts'

const ENTRIES = 6
const slot = fc.nat(ENTRIES)

/** What somebody with the storage can do to a timeline. */
const tampering = fc.oneof(
  fc.record({ kind: fc.constant('remove' as const), at: slot }),
  fc.record({ kind: fc.constant('flip' as const), at: slot, byte: fc.nat(2000) }),
  fc.record({ kind: fc.constant('truncate' as const), at: slot, to: fc.nat(60) }),
  fc.record({ kind: fc.constant('swap' as const), at: slot, with: slot }),
  fc.record({ kind: fc.constant('copy' as const), at: slot, to: fc.nat(ENTRIES + 2) }),
  fc.record({ kind: fc.constant('garbage' as const), at: fc.nat(ENTRIES + 2) }),
)
type Tampering = typeof tampering extends fc.Arbitrary<infer T> ? T : never

test('whatever is done to a timeline, no point is ever another one, and no loss goes unnoticed (I2, I5)', async () => {
  const { begin, deps, object, store } = aTimelines()
  await begin('erp', ENTRIES)
  const truth = new Map(store.objects)
  const memory = createHeadMemory()
  const points = foldTimeline(await readChain({ ...deps, memory }, 'erp', { signal })).points

  await fc.assert(
    fc.asyncProperty(fc.array(tampering, { minLength: 1, maxLength: 4 }), async (acts) => {
      store.objects.clear()
      for (const [name, bytes] of truth) store.objects.set(name, bytes)
      for (const act of acts) tamper(store.objects, object, act)
      const isWhole = [...truth].every(([name, bytes]) => store.objects.get(name) === bytes)

      const reading = readChain({ ...deps, memory: copyOf(memory) }, 'erp', { signal })
      const state = foldTimeline(await reading)
      // Points are a beginning of the true ones, content and all.
      expect([...state.points]).toEqual(points.slice(0, state.points.length))
      if (isWhole) expect(state.points).toHaveLength(points.length)
      else expect(state.damagedFrom).not.toBeNull()
    }),
    { numRuns: 300 },
  )

  function copyOf(original: typeof memory): typeof memory {
    return { ...original, remember: async () => {} }
  }
})

function tamper(
  objects: Map<string, Uint8Array<ArrayBuffer>>,
  nameOf: (seq: number) => string,
  act: Tampering,
): void {
  const name = nameOf(act.at)
  const bytes = objects.get(name)
  if (act.kind === 'garbage') {
    objects.set(name, new Uint8Array(100).fill(act.at + 1))
    return
  }
  if (bytes === undefined) return
  if (act.kind === 'remove') objects.delete(name)
  if (act.kind === 'truncate') objects.set(name, bytes.slice(0, act.to))
  if (act.kind === 'copy') objects.set(nameOf(act.to), bytes)
  if (act.kind === 'flip') {
    const at = act.byte % bytes.byteLength
    objects.set(
      name,
      Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte)),
    )
  }
  if (act.kind !== 'swap') return
  const other = objects.get(nameOf(act.with))
  if (other === undefined) return
  objects.set(name, other)
  objects.set(nameOf(act.with), bytes)
}
