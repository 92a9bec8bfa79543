import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { nameTemporary, sweepTemporaries } from './temporaries.ts'

test('sweepTemporaries() removes what a dead process of this machine left, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tmp-'))
  try {
    const { pid } = spawnSync('true')
    const mine = nameTemporary(systemRandom)
    const dead = mine.replace(`-${process.pid}-`, `-${pid}-`)
    const elsewhere = dead.replace(/^.{8}/, '00000000')
    for (const name of [mine, dead, elsewhere, 'other']) await writeFile(join(folder, name), '')
    await sweepTemporaries(folder, mine)
    expect((await readdir(folder)).sort()).toEqual([elsewhere, mine, 'other'].sort())
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('sweepTemporaries() removes what any machine left a week ago, and nothing younger', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tmp-'))
  try {
    const [mine, old, young] = [1, 2, 3].map(() => nameTemporary(systemRandom)) as [
      string,
      string,
      string,
    ]
    const elsewhere = old.replace(/^.{8}/, '00000000')
    for (const name of [mine, old, young, elsewhere, 'other'])
      await writeFile(join(folder, name), '')
    const ago = (days: number) => new Date(Date.now() - days * 24 * 3_600_000)
    for (const name of [old, elsewhere, 'other']) await utimes(join(folder, name), ago(8), ago(8))
    await utimes(join(folder, young), ago(6), ago(6))
    await sweepTemporaries(folder, mine)
    expect((await readdir(folder)).sort()).toEqual([mine, 'other', young].sort())
  } finally {
    await rm(folder, { recursive: true })
  }
})

const UNSHARE = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc']
const hasNamespaces = spawnSync('unshare', [...UNSHARE, 'true']).status === 0

test.skipIf(!hasNamespaces)(
  'sweepTemporaries() leaves what a container of the same name is writing, whose process ids are others',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-tmp-'))
    try {
      const { pid } = spawnSync('true')
      const mine = nameTemporary(systemRandom)
      const script = `
        import { nameTemporary } from ${JSON.stringify(join(import.meta.dirname, 'temporaries.ts'))}
        process.stdout.write(nameTemporary({ bytes: (count) => new Uint8Array(count) }))`
      const node = [process.execPath, '--input-type=module', '--eval', script]
      const { stdout } = spawnSync('unshare', [...UNSHARE, ...node], { encoding: 'utf8' })
      const theirs = stdout.replace(/^(.{8})-[0-9]+-/, `$1-${pid}-`)
      expect(theirs).toMatch(/^[0-9a-f]{8}-[0-9]+-0{32}$/)
      for (const name of [mine, theirs]) await writeFile(join(folder, name), '')
      await sweepTemporaries(folder, mine)
      expect((await readdir(folder)).sort()).toEqual([mine, theirs].sort())
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)
