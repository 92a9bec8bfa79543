import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

test('SealedSpool says which folder does not take it', async () => {
  const gone = '/dev/null/folder'
  await using spool = new SealedSpool(
    { random: systemRandom, tempDir: gone },
    { memoryBytesMax: 0 },
  )
  await expect(spool.append(new Uint8Array(9))).rejects.toMatchObject({
    code: 'stdx.temporary-failed',
    message: `Cannot write a temporary file in "${gone}": the system answered ENOTDIR`,
  })
})

test('SealedSpool says so when a file does not grow any more', async () => {
  const lines = [
    `const { SealedSpool } = await import('${import.meta.dirname}/sealed-spool.ts')`,
    `const { systemRandom: random } = await import('${import.meta.dirname}/random.ts')`,
    'const [, tempDir] = process.argv',
    'const spool = new SealedSpool({ random, tempDir }, { memoryBytesMax: 0 })',
    'const fill = async () => { for (;;) await spool.append(new Uint8Array(1 << 20)) }',
    'await fill().catch((error) => console.log(error.code, error.cause.code))',
    'await spool[Symbol.asyncDispose]()',
  ]
  const limited = 'ulimit -f 4096; exec "$0" --input-type=module --eval "$1" "$2"'
  const given = [process.execPath, lines.join('\n'), tempDir]
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, ...given])
  expect(stdout).toBe('stdx.temporary-failed EFBIG\n')
})
