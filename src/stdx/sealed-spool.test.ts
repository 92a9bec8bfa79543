import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemRandom } from './random.ts'
import { SealedSpool } from './sealed-spool.ts'
import { collect } from './streams.ts'

let tempDir = ''
beforeAll(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'holdfast-spool-'))
})
afterAll(() => rm(tempDir, { recursive: true }))

test('SealedSpool gives back what was appended, from memory and from the file, twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 })),
      fc.nat(600),
      async (lists, memoryBytesMax) => {
        await using spool = new SealedSpool({ random: systemRandom, tempDir }, { memoryBytesMax })
        for (const bytes of lists) await spool.append(new Uint8Array(bytes))
        const wanted = lists.map((bytes) => [...bytes])
        expect((await collect(spool.read())).map((bytes) => [...bytes])).toEqual(wanted)
        expect((await collect(spool.read())).map((bytes) => [...bytes])).toEqual(wanted)
      },
    ),
    { numRuns: 50 },
  )
})

test('SealedSpool leaves no file to be found, not even while it is open', async () => {
  await using spool = new SealedSpool({ random: systemRandom, tempDir }, { memoryBytesMax: 0 })
  await spool.append(new Uint8Array(1000))
  expect(spool.count).toBe(1)
  expect(await readdir(tempDir)).toEqual([])
})
