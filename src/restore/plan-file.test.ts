import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { type HashedTarget, hashPlan } from './hash-plans.ts'
import { formatPlanFile, readPlanFile, readSteps } from './plan-file.ts'

test('a plan file holds values with every end of a line that Unicode knows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-plan-'))
  try {
    const path = join(folder, 'fix.plan')
    const fields = { note: { before: 'a\u2028b\u2029c', after: '\u0085\v\f\r\n' } }
    const named = { type: 'step', source: 'erp', target: 'live', entity: 'main.note' }
    const line = JSON.stringify({ ...named, key: '1', op: 'update', fields, live: 'x' })
    const asked = { vault: 'v', request: {} }
    const target: HashedTarget = {
      point: 'erp@1',
      target: 'live',
      identity: { system: '1', database: 'main' },
      writes: createHash('sha256').update(`${line}\n`).digest('hex'),
    }
    const file = { ...asked, plan: hashPlan(asked, [target]), targets: [target] }
    const steps = {
      read: async function* () {
        yield Buffer.from(`${line}\n`)
      },
    }
    await writeFile(path, await collect(formatPlanFile(file, [], [steps])))
    expect(await readPlanFile(path)).toEqual(file)
    expect((await collect(readSteps(path))).map((step) => step.line)).toEqual([line])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a plan file that is not there is said to be missing', async () => {
  const path = join(tmpdir(), 'holdfast-no-such.plan')
  await expect(readPlanFile(path)).rejects.toThrow(
    `Cannot read plan "${path}": found no file there`,
  )
})
