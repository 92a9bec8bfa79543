import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, HOLDFAST, lastLine, type Traveller } from './testing/traveller.ts'

const ROWS = 800_000

/** A vault, and a source that takes a while to back up. */
async function aLongRun(): Promise<Traveller> {
  const traveller = await aTraveller()
  const { folder, holdfast } = traveller
  change(
    join(folder, 'erp.db'),
    `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, iban TEXT);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO customer SELECT i, 'customer ' || i, hex(randomblob(16)) FROM n`,
  )
  const config = 'vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n'
  await writeFile(join(folder, 'holdfast.yaml'), config)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  return traveller
}

async function startBackup({ environment, folder }: Traveller) {
  const child = spawn(HOLDFAST, ['backup'], { cwd: folder, env: { ...environment } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  // Writing has begun when the first unfinished object lies there.
  const unfinished = join(folder, 'vault/~tmp')
  const isWriting = () => existsSync(unfinished) && readdirSync(unfinished).length > 0
  while (child.exitCode === null && !(isWriting() && isReading(folder))) await sleep(5)
  return { child, exit, readStderr: () => stderr }
}

/** A timeline of the source stands, so what lies unfinished is its rows. */
function isReading(folder: string): boolean {
  return existsSync(join(folder, 'vault/timelines/erp'))
}

async function expectIntact({ answer, holdfast }: Traveller): Promise<void> {
  expect(await answer('points')).toEqual([])
  const again = await holdfast('backup', '--json')
  expect(again.exit, again.stderr).toBe(0)
  expect(lastLine(again)).toMatchObject({ entities: [{ rows: ROWS }] })
  expect(await answer('check')).toMatchObject({ verdict: 'whole' })
}

test('Ctrl-C ends a backup with 130, says so, and leaves the vault as it was', async () => {
  const traveller = await aLongRun()
  const { child, exit, readStderr } = await startBackup(traveller)
  child.kill('SIGINT')
  expect(await exit).toBe(130)
  expect(readStderr()).toContain('Interrupted: ')
  expect(readStderr()).toContain('(cli.interrupted)')
  await expectIntact(traveller)
})

test('a second Ctrl-C ends it at once, and the vault is as it was all the same', async () => {
  const traveller = await aLongRun()
  const { child, exit } = await startBackup(traveller)
  await interruptTwice(child)
  expect(await exit).toBe(130)
  await expectIntact(traveller)
})

async function interruptTwice(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await sleep(20)
  child.kill('SIGTERM')
}
