import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import {
  aTraveller,
  expectFailure,
  HOLDFAST,
  lastLine,
  linesOf,
  runCommand,
  type Traveller,
} from './testing/traveller.ts'

const RETENTION = '{ keepAll: 0h, daily: 1, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 }'
const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db, retention: ${RETENTION} }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`

type Point = { readonly point: string; readonly labels: string[]; readonly held: boolean }
type Expiry = {
  readonly expired: readonly { readonly point: string }[]
  readonly kept: readonly { readonly point: string; readonly reasons: string[] }[]
  readonly entry: string | null
}

/** Points of one day, each with a change; what the source held at each. */
async function aHistory(points: number): Promise<Traveller & { held: Record<string, unknown>[] }> {
  const traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  createExample(at('erp.db'))
  await configure(CONFIG)
  await holdfast('init')
  const held: Record<string, unknown>[] = []
  for (let i = 1; i <= points; i++) {
    change(at('erp.db'), `UPDATE customer SET terms = 'day ${i}' WHERE id % ${i + 1} = 0`)
    await summary('backup')
    held.push(readAll(at('erp.db')))
  }
  return { ...traveller, held }
}

async function restoresTo({ at, summary }: Traveller, point: string, rows: unknown): Promise<void> {
  await summary('restore', point, '--to', 'copy', '--delete-added', '--confirm', 'copy')
  expect(readAll(at('copy.db')), point).toEqual(rows)
}

test('points are labelled, held, let go by the retention, and what stays restores', async () => {
  const traveller = await aHistory(5)
  const { answer, held, holdfast, summary } = traveller
  expect(await answer('label', 'erp@1', 'fy26-close')).toEqual({
    points: ['erp@1'],
    entries: ['erp@6'],
  })
  await answer('hold', 'erp@2', '--reason', 'tax audit')
  const dry = await summary<Expiry>('expire', '--dry-run')
  expect(dry.expired.map(({ point }) => point)).toEqual(['erp@3', 'erp@4'])
  expect(dry.kept.map(({ point, reasons }) => [point, ...reasons])).toEqual([
    ['erp@1', 'label fy26-close'],
    ['erp@2', 'held'],
    ['erp@5', 'newest', 'daily 1 of 1'],
  ])
  const said = await holdfast('expire', 'erp', '--dry-run')
  expect(said.stdout).toMatch(/^erp@2 .* stays: held$/m)
  expect(said.stdout).toMatch(/^erp@3 .* goes$/m)
  expectFailure(await holdfast('expire'), 2, 'cli.confirmation-missing')
  expectFailure(await holdfast('expire', '--confirm', 'crm'), 2, 'cli.confirmation-wrong')
  expect(await answer<Point[]>('points')).toHaveLength(5)

  const done = await summary<Expiry>('expire', '--confirm', 'erp')
  expect(done).toMatchObject({ expired: dry.expired, entry: 'erp@8' })
  expect(await answer<Point[]>('points')).toMatchObject([
    { point: 'erp@1', labels: ['fy26-close'], held: false },
    { point: 'erp@2', labels: [], held: true },
    { point: 'erp@5', labels: [], held: false },
  ])
  const table = await holdfast('points')
  expect(table.stdout).toMatch(/^erp@1 .* fy26-close$/m)
  expect(table.stdout).toMatch(/^erp@2 .* held$/m)
  const gone = await holdfast('entities', 'erp@3')
  expectFailure(gone, 2, 'timeline.point-unknown')
  expect(gone.stderr).toContain('point 3 was expired by entry 8')
  await restoresTo(traveller, 'erp@fy26-close', held[0])
  expect(await answer('entities', '@fy26-close')).toEqual(await answer('entities', 'erp@1'))
  await restoresTo(traveller, 'erp@2', held[1])
  await restoresTo(traveller, 'erp@latest', held[4])

  await answer('release', 'erp@2')
  expect(await summary<Expiry>('expire', '--confirm', 'erp')).toMatchObject({
    expired: [{ point: 'erp@2' }],
  })
  expectFailure(await holdfast('label', 'erp@5', 'fy26-close'), 2, 'app.label-taken')
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
})

test('a proposal is a file that says what it would do, made once and taken up once', async () => {
  const { answer, at, holdfast } = await aHistory(3)
  const file = at('proposal.json')
  expect(await answer('expire', 'erp', '--propose', file)).toMatchObject({
    kind: 'expire',
    points: ['erp@1', 'erp@2'],
    entry: null,
    file,
  })
  expectFailure(await holdfast('expire', 'erp', '--propose', file), 2, 'cli.file-not-writable')
  expect(await answer<Point[]>('points')).toHaveLength(3)
  const run = await holdfast('expire', '--cosign', file, '--confirm', 'erp', '--json')
  expect(run.exit, run.stderr).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ points: ['erp@1', 'erp@2'], entry: 'erp@4' })
  expect(await answer<Point[]>('points')).toHaveLength(1)
  const again = await holdfast('expire', '--cosign', file, '--confirm', 'erp')
  expectFailure(again, 5, 'retention.proposal-refused')
  expect(lastLine(await holdfast('expire', '--dry-run', '--json'))).toMatchObject({ expired: [] })
})

test('after points went, compact and collect give the space back, and a dead writer goes', async () => {
  const traveller = await aHistory(4)
  const { answer, at, held, summary } = traveller
  const folder = at('vault/segments/erp')
  const before = await readdir(folder)
  await summary('expire', '--confirm', 'erp')
  await summary('compact')
  await mkdir(join(folder, 'f'.repeat(32)))
  await writeFile(join(folder, 'f'.repeat(32), '1.rows'), 'left by a writer that was killed')

  expect(await summary('collect')).toMatchObject({ objects: 0, dead: 0 })
  const dry = linesOf(await traveller.holdfast('collect', '--dry-run', '--grace', '0s', '--json'))
  const objects = dry.filter(({ type }) => type === 'object')
  expect(objects.find(({ object }) => String(object).includes('ffff'))).toMatchObject({
    store: 'vault',
    sizeBytes: 32,
    why: 'its writer has committed nothing for longer than the grace',
  })
  const replaced = objects.filter(({ why }) => /^replaced by erp@/.test(String(why)))
  expect(replaced).toHaveLength(objects.length - 1)
  expect(replaced.length).toBeGreaterThan(3)
  expect(await readdir(folder)).toEqual(expect.arrayContaining(before))

  const done = linesOf(await traveller.holdfast('collect', '--grace', '0s', '--json'))
  const gone = done.filter(({ type }) => type === 'object').map(({ object }) => object)
  expect(gone.toSorted()).toEqual(objects.map(({ object }) => object).toSorted())
  expect(done.findLast(({ source }) => source === 'erp')).toMatchObject({
    objects: objects.length,
    dead: 1,
    waiting: { objects: 0 },
  })
  expect(await summary('collect', '--grace', '0s')).toMatchObject({ objects: 0, dead: 0 })
  expect(await answer('check', '--read-data')).toMatchObject({
    verdict: 'whole',
    garbage: { objects: 0 },
    replaced: { objects: 0 },
  })
  await restoresTo(traveller, 'erp@latest', held[3])
  expectFailure(await traveller.holdfast('collect', '--grace', 'soon'), 2, 'cli.usage')
})

test('in three hands nobody lets points go alone: one proposes, one agrees, one collects', async () => {
  const { at, environment, folder, held, holdfast } = await aHistory(3)
  expect(await holdfast('key', 'split', '--out', 'keys')).toMatchObject({ exit: 0 })
  const { HOLDFAST_PASSPHRASE: _, ...bare } = environment
  const as = (file: string, ...argv: string[]) => {
    const own = { ...bare, HOLDFAST_KEY_FILE: at(`keys/${file}.key`) }
    return runCommand(HOLDFAST, argv, { folder, environment: own })
  }
  const done = async (file: string, ...argv: string[]) => {
    const run = await as(file, ...argv)
    expect({ argv, exit: run.exit, stderr: run.stderr }).toMatchObject({ exit: 0 })
    return run
  }
  for (const alone of ['custodian', 'keeper', 'restore', 'capture-erp']) {
    const run = await as(alone, 'expire', 'erp', '--confirm', 'erp')
    expectFailure(run, 12, 'vault.role-missing')
  }
  await done('custodian', 'hold', 'erp@1', '--reason', 'audit')
  await done('custodian', 'expire', 'erp', '--propose', 'expire.json')
  const cheat = (await readFile(at('expire.json'), 'utf8')).replace(
    /"points": \[[^\]]*/,
    '"points": [1',
  )
  await writeFile(at('cheat.json'), cheat)
  expectFailure(
    await as('keeper', 'expire', '--cosign', 'cheat.json', '--confirm', 'erp'),
    5,
    'retention.proposal-refused',
  )
  for (const other of ['custodian', 'capture-erp', 'restore', 'auditor']) {
    const run = await as(other, 'expire', '--cosign', 'expire.json', '--confirm', 'erp')
    expectFailure(run, 12, 'vault.role-missing')
  }
  await done('keeper', 'expire', '--cosign', 'expire.json', '--confirm', 'erp')
  await done('custodian', 'release', 'erp@1', '--propose', 'release.json')
  await done('keeper', 'release', '--cosign', 'release.json')
  expectFailure(await as('custodian', 'compact', 'erp'), 12, 'vault.role-missing')
  await done('keeper', 'compact', 'erp')
  await done('custodian', 'collect', 'erp', '--grace', '0s')
  const points = JSON.parse((await done('auditor', 'points', '--json')).stdout)
  expect(points).toMatchObject([
    { point: 'erp@1', held: false },
    { point: 'erp@3', held: false },
  ])
  await done('restore', 'restore', 'erp@1', '--to', 'copy', '--yes')
  expect(readAll(at('copy.db'))).toEqual(held[0])
  const checked = JSON.parse((await done('keeper', 'check', '--read-data', '--json')).stdout)
  expect(checked).toMatchObject({ verdict: 'whole', replaced: { objects: 0 } })
})
