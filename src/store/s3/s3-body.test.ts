import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { BodySpool, bodyOf } from './s3-body.ts'
import type { S3Body } from './s3-calls.ts'

async function aSpool(memoryBytesMax: number) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-spool-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tempDir = join(folder, 'temp')
  return {
    spool: new BodySpool({ random: systemRandom, tempDir, memoryBytesMax }),
    folder,
    tempDir,
  }
}

async function readBody(body: S3Body): Promise<Uint8Array> {
  const opened: Uint8Array | Readable = body.open()
  if (opened instanceof Uint8Array) return opened
  const pieces: Uint8Array[] = []
  for await (const piece of opened) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('a spool gives back what was written, as often as asked, whether it fits in memory or not', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(2000), async (written, memoryBytesMax) => {
      const { spool } = await aSpool(memoryBytesMax)
      await using _spool = spool
      for (const piece of written) {
        // A Buffer, as segments write, whose `slice` copies nothing.
        const lent = Buffer.from(piece)
        await spool.write(lent)
        lent.fill(255)
      }
      const whole = Buffer.concat(written)
      const body = spool.finish()
      expect(body.sizeBytes).toBe(whole.byteLength)
      expect(body.sha256).toBe(createHash('sha256').update(whole).digest('hex'))
      for (let i = 0; i < 2; i++) expect(Buffer.compare(await readBody(body), whole)).toBe(0)
    }),
    { numRuns: 25 },
  )
})

test('a spool leaves no file, even while it is in use', async () => {
  const { spool, tempDir } = await aSpool(10)
  await using _spool = spool
  await spool.write(new Uint8Array(100))
  expect(await readdir(tempDir)).toEqual([])
})

test('a spool that cannot write says where', async () => {
  const { folder, spool, tempDir } = await aSpool(10)
  await using _spool = spool
  await writeFile(join(folder, 'temp'), '')
  await expect(spool.write(new Uint8Array(100))).rejects.toMatchObject({
    code: 'store.unavailable',
    message: expect.stringContaining(`Cannot write a temporary file in "${tempDir}"`),
  })
})

test('bodyOf() is the bytes with their hash', () => {
  const bytes = Uint8Array.of(1, 2)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(bodyOf(bytes)).toMatchObject({ sizeBytes: 2, sha256 })
})
