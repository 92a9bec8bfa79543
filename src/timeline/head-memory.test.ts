import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { openHeadMemory } from './head-memory.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-heads-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})
const head = { seq: 3, hash: 'a'.repeat(64) }

test('a head is recalled by another process, and the last one counts', async () => {
  const inside = join(folder, 'a/b')
  await openHeadMemory(inside, systemRandom).remember('erp', head)
  await openHeadMemory(inside, systemRandom).remember('erp', { ...head, seq: 4 })
  expect(await openHeadMemory(inside, systemRandom).recall('erp')).toEqual({ ...head, seq: 4 })
  expect(await openHeadMemory(inside, systemRandom).recall('crm')).toBeUndefined()
  expect(await readdir(inside)).toEqual(['erp.head.json'])
})

test.each(['', '{', '{"seq":-1,"hash":"x"}', '[]'])(
  'content %j is as good as none',
  async (text) => {
    await writeFile(join(folder, 'erp.head.json'), text)
    expect(await openHeadMemory(folder, systemRandom).recall('erp')).toBeUndefined()
  },
)

test('a folder that cannot be written is no error, and is said once', async () => {
  const blocked = join(folder, 'file')
  await writeFile(blocked, '')
  const said: unknown[] = []
  const memory = openHeadMemory(join(blocked, 'x'), systemRandom, (error) => said.push(error))
  await memory.remember('erp', head)
  await memory.remember('crm', head)
  expect(said, 'said once').toMatchObject([{ code: 'ENOTDIR' }])
  expect(await memory.recall('erp')).toBeUndefined()
  const taken = join(folder, 'taken')
  await mkdir(join(taken, 'erp.head.json'), { recursive: true })
  await openHeadMemory(taken, systemRandom).remember('erp', head)
  expect(await readdir(taken)).toEqual(['erp.head.json'])
})
