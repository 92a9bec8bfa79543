import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
    await sweepTemporaries(folder)
    expect((await readdir(folder)).sort()).toEqual([elsewhere, mine, 'other'].sort())
  } finally {
    await rm(folder, { recursive: true })
  }
})
