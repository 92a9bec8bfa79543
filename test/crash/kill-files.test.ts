import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aTraveller } from '#test/journeys/testing/traveller'
import { aChance } from './testing/chance.ts'
import { killAfter, listTemporaries } from './testing/kill.ts'

const RESTORES = 16
const RECORDS = 40_000

type Files = Readonly<Record<string, string>>

/** Two files that say the same number; whoever finds them apart finds half a restore. */
function exportsOf(state: number): Files {
  const numbers = Array.from({ length: RECORDS }, (_, i) => i)
  return {
    'customers.csv': `id,name,state\n${numbers.map((i) => `${i},"Müller, ${i}",${state}\n`).join('')}`,
    'orders.jsonl': numbers.map((i) => `{"id":${i},"name":"x","state":${state}}\n`).join(''),
  }
}

async function put(folder: string, files: Files): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

/** Lines in order of name, as restored files are in order of their keys. */
async function read(folder: string): Promise<Files> {
  const names = (await readdir(folder)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return sorted(Object.fromEntries(names.map((name, i) => [name, texts[i] ?? ''])))
}

function sorted(files: Files): Files {
  const entries = Object.entries(files)
  return Object.fromEntries(
    entries.map(([name, text]) => [name, text.split('\n').sort().join('\n')]),
  )
}

test('a restore of files that is killed leaves all of them as they were, or all complete', async () => {
  const traveller = await aTraveller()
  const { answer, answerWith, at, summary } = traveller
  const [wanted, damaged] = [exportsOf(1), exportsOf(2)]
  await put(at('exports'), wanted)
  await traveller.configure(`tempDir: ./temporary
sources:
  crm: { connector: files, folder: ./exports }
targets:
  back: { connector: files, folder: ./back }
`)
  await traveller.holdfast('init')
  await summary('backup')
  const chance = aChance('kills of a restore of files')
  const argv = ['restore', 'crm@1', '--to', 'back', '--confirm', 'back']
  let lastMs = 3000
  let killed = 0
  for (let round = 1; round <= RESTORES; round++) {
    const before = round % 2 === 0 ? {} : damaged
    await put(at('back'), before)
    killed += (await killAfter(traveller, chance.next() * lastMs * 1.1, argv)) ? 1 : 0
    // Whoever opens the folder as a target next settles what was begun.
    await traveller.holdfast('verify', 'crm@1', '--against', 'back')
    const left = await read(at('back'))
    const isComplete = left['orders.jsonl'] === sorted(wanted)['orders.jsonl']
    expect(left, `round ${round}`).toEqual(isComplete ? sorted(wanted) : sorted(before))
    if (!isComplete) await answerWith(4, 'verify', 'crm@1', '--against', 'back')
    const startedAtMs = performance.now()
    expect(await summary(...argv)).toMatchObject({ verified: { different: 0 }, extra: 0 })
    lastMs = performance.now() - startedAtMs
    expect(await read(at('back')), `round ${round}`).toEqual(sorted(wanted))
  }
  expect(killed, 'most runs were killed before their end').toBeGreaterThan(RESTORES / 2)
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  expect(await listTemporaries(traveller)).toEqual([])
})
