import { expect, test } from 'vitest'
import { DemoSession } from './demo-session.ts'

/** A session whose commands print `stdout`. */
function aSession(stdout: string): { session: DemoSession; ran: string[]; said: string[] } {
  const ran: string[] = []
  const said: string[] = []
  let nowMs = 0
  const session = new DemoSession({
    clock: { nowMs: () => (nowMs += 5), passedMs: () => nowMs, sleep: async () => {} },
    run: async (argv) => {
      ran.push(argv.join(' '))
      return { exit: 4, stdout }
    },
    say: (line) => said.push(line),
  })
  return { session, ran, said }
}

const PROGRESS = '{"type":"progress","label":"Verifying","rows":5}\n'

test('answer() reads the one document behind lines of progress', async () => {
  const { session, ran } = aSession(`${PROGRESS}${PROGRESS}{\n  "verdict": "same"\n}\n`)
  expect(await session.answer(['verify', 'erp@2'])).toEqual({ verdict: 'same' })
  expect(ran).toEqual(['verify erp@2 --json'])
})

test('run() remembers what was run, how it ended and how long it took, once it has words', async () => {
  const { session, said } = aSession('')
  await session.run(['points'])
  await session.run(['history', 'erp', 'main.c', '"0042",1'], 'Who changed it')
  expect(session.commands).toEqual([
    {
      command: `holdfast history erp main.c '"0042",1'`,
      says: 'Who changed it',
      exit: 4,
      durationMs: 5,
    },
  ])
  expect(said).toEqual([`  $ holdfast history erp main.c '"0042",1'`])
})

test('backup() sums the entities of each summary up', async () => {
  const entity = { entity: 'main.c', rows: 10, inserted: 1, updated: 2, deleted: 3 }
  const summary = { type: 'summary', source: 'erp', point: 'erp@2', bytesStored: 7 }
  const line = JSON.stringify({ ...summary, entities: [entity, entity], durationMs: 1 })
  const { session } = aSession(`${PROGRESS}${line}\n`)
  expect(await session.backup('Copy')).toEqual([
    { source: 'erp', point: 'erp@2', bytesStored: 7, rows: 20, changes: 12 },
  ])
})

test('diff() leaves progress and summary out', async () => {
  const line = { entity: 'main.c', key: '1', op: 'delete', before: { a: '1' }, after: null }
  const summary = '{"type":"summary","deleted":1}\n'
  const { session } = aSession(`${PROGRESS}${JSON.stringify(line)}\n${summary}`)
  expect(await session.diff('erp')).toEqual({
    source: 'erp',
    from: 'erp@2',
    to: 'erp@3',
    lines: [line],
  })
})

test('restoreCustomer() names the moment at which all systems had the point', async () => {
  const points = ['crm@1', 'crm@2', 'erp@2', 'billing@2'].map((point, i) => {
    return { point, cut: { time: `2026-06-0${i + 1}T08:00:00.000Z` } }
  })
  const summary = { type: 'summary', target: 'crm-live', point: 'crm@2', inserted: 3, updated: 0 }
  const { ran, session } = aSession(`${JSON.stringify(points)}\n${JSON.stringify(summary)}\n`)
  session.answer = async <T>() => points as T
  expect(await session.restoreCustomer('500042', '2')).toEqual([summary])
  expect(ran).toEqual([
    'restore @2026-06-04T08:00:00.000Z --customer 500042 --to crm=crm-live --to erp=erp-live --to billing=billing-live --confirm crm-live --confirm erp-live --confirm billing-live --json',
  ])
})
