import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readAll } from './testing/example-database.ts'
import { aTraveller, runCommand } from './testing/traveller.ts'

test('the demo proves itself, writes a report, and is the same for the same seed', async () => {
  const { at, environment, folder, holdfast, holdfastWith } = await aTraveller()
  const { HOLDFAST_PASSPHRASE: _, ...plain } = environment
  const argv = ['--seed', 'journey', '--customers', '100']
  const run = await holdfast('demo', '--folder', 'first', ...argv, '--json')
  expect(run.exit, run.stderr).toBe(0)
  const outcome = JSON.parse(run.stdout)
  expect(outcome).toMatchObject({ isProved: true })
  const report = await readFile(outcome.report, 'utf8')
  expect(report).toMatch(/<\/html>\s*$/)
  expect(report, 'self-contained').not.toMatch(/(?:src|href)="https?:/)

  // What finance sees is again what it was, but for the names of the points.
  const [before, damaged, after] = await Promise.all(
    [2, 3, 4].map((seq) => readFile(at(`first/receivables-${seq}.html`), 'utf8')),
  )
  expect(after?.replaceAll('@4', '@2')).toBe(before)
  expect(before).toContain('Everything ties out.')
  expect(damaged).toContain('control-differs')

  const second = await holdfast('demo', '--folder', 'second', ...argv)
  expect(second.exit, second.stderr).toBe(0)
  expect(countCustomerWrites(second.stderr), 'one customer, three systems').toEqual([6, 2, 2])
  // What it says to type next works when it is typed.
  const script = second.stdout.match(/^ {2}.+$/gm)?.join('\n') ?? ''
  // So is the day before the ordinary one, and as of then everything ties out, too.
  const past = 'holdfast report receivables billing@2 erp@2 --as-of 2026-06-30'
  const commands = `${script}\n${past}`
  const typed = await runCommand('sh', ['-c', commands], { folder, environment: plain })
  expect(typed.stdout, typed.stderr).toContain('erp@4')
  expect(typed.stdout).toContain('hold the same, to the last digit')
  expect(readDatabases(at('first'))).toEqual(readDatabases(at('second')))

  // What it left behind is a vault like any other.
  const here = {
    HOLDFAST_CONFIG: at('first/holdfast.yaml'),
    HOLDFAST_PASSPHRASE: '',
    HOLDFAST_PASSPHRASE_FILE: at('first/passphrase'),
    HOLDFAST_STATE_DIR: at('first/state'),
  }
  const points = await holdfastWith(here, 'points', '--json')
  expect(JSON.parse(points.stdout).length, points.stderr).toBeGreaterThan(3)
  expect(await holdfastWith(here, 'check', '--read-data')).toMatchObject({ exit: 0 })
})

/** What the restore of the one customer wrote into each of its systems. */
function countCustomerWrites(said: string): number[] {
  const counts = said.matchAll(/^ {2}\S+-live as of \S+: (\d+) inserted, (\d+) updated/gm)
  return [...counts].map(([, inserted, updated]) => Number(inserted) + Number(updated))
}

function readDatabases(folder: string): unknown {
  return ['crm', 'erp', 'billing'].map((name) => readAll(`${folder}/${name}.db`))
}
