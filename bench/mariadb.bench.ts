/**
 * The question: what does it cost to back up a MariaDB database by scan and compare?
 *
 * The baseline: `mariadb-dump --single-transaction` of the same database to nowhere, and `mydumper`
 * where it is installed, in the same run, taking turns.
 *
 * Worse would be: a ratio to mariadb-dump above 1.25 for a further backup. Seconds depend on the
 * machine and are no claim.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import mysql from 'mysql2/promise'
import { startMariadb } from '#test/servers/start-mariadb'
import { compareFigure, type Figure, pairUp, plainFigure } from './lib/figure.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { type BenchVault, createVault } from './lib/holdfast.ts'
import { watchLoad } from './lib/machine.ts'
import { formatTable } from './lib/report.ts'
import { runProgram } from './lib/run-program.ts'

const DUMP = '/usr/bin/mariadb-dump'
const MYDUMPER = '/usr/bin/mydumper'
const TARGET = 1.25
const ROWS_FULL = 1_000_000
const FILLED_AT_A_TIME = 100_000

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: String(ROWS_FULL) },
    rounds: { type: 'string', default: '3' },
    once: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const rounds = values.once ? 1 : Number(values.rounds)

const watch = watchLoad()
using folder = makeBenchFolder()
await using server = await startMariadb({ options: { 'innodb-buffer-pool-size': '2G' } })
const database = await fill()
const figures = await measure()
watch.stop()
console.log(`\n${formatTable(figures)}`)

/** Every value follows from the row's number; about 330 bytes a row, as of the other benches. */
async function fill(): Promise<string> {
  console.error(`Filling ${rows} rows`)
  const connection = await mysql.createConnection({
    uri: server.url.replace(/^mariadb:/, 'mysql:'),
    multipleStatements: true,
  })
  await connection.query(`CREATE DATABASE bench CHARACTER SET utf8mb4; USE bench;
    CREATE TABLE customer (customer_id BIGINT PRIMARY KEY, customer_no VARCHAR(20) NOT NULL,
      legal_name VARCHAR(80) NOT NULL, first_name VARCHAR(20), last_name VARCHAR(20), email VARCHAR(60),
      phone VARCHAR(20), tax_id VARCHAR(20), country CHAR(2), region VARCHAR(8), city VARCHAR(20),
      street VARCHAR(40), postal VARCHAR(10), segment VARCHAR(12), company_code VARCHAR(8),
      recon_account VARCHAR(12), payment_terms VARCHAR(8), currency CHAR(3), credit_limit DECIMAL(15,2),
      kyc_status VARCHAR(12), kyc_checked_at DATETIME(6), created_at DATETIME(6), updated_at DATETIME(6),
      attributes JSON)`)
  for (let from = 1; from <= rows; from += FILLED_AT_A_TIME) {
    const to = Math.min(from + FILLED_AT_A_TIME - 1, rows)
    await connection.query(`INSERT INTO customer SELECT n, CONCAT('C', LPAD(n, 10, '0')),
      CONCAT(MD5(n), ' GmbH'), ELT(1 + n % 5, 'Anna', 'Ben', 'Chen', 'Dora', 'Fatima'), LEFT(MD5(7 * n), 8),
      CONCAT(LEFT(MD5(n), 10), '@example.com'), CONCAT('+49', 1000000000 + 7919 * n % 8999999999),
      CONCAT('DE', LPAD(104729 * n % 999999999, 9, '0')), ELT(1 + n % 4, 'DE', 'FR', 'US', 'JP'),
      CONCAT('R', n % 40), CONCAT('City', n % 5000), CONCAT(LEFT(MD5(3 * n), 12), ' Str. ', n % 200),
      LPAD(n % 99999, 5, '0'), ELT(1 + n % 3, 'retail', 'wholesale', 'key'), 1000 + n % 20,
      CONCAT('00', 140000 + n % 10), CONCAT('NT', 15 + 15 * (n % 4)), ELT(1 + n % 2, 'EUR', 'USD'),
      (37 * n % 1000000) / 100, ELT(1 + n % 3, 'verified', 'pending', 'expired'),
      '2025-01-01' + INTERVAL n % 500000 MINUTE, '2020-01-01' + INTERVAL n % 2000000 MINUTE,
      '2026-01-01' + INTERVAL n % 300000 MINUTE,
      CONCAT('{"channel": "', ELT(1 + n % 3, 'web', 'store', 'edi'), '", "score": ', n % 100, '}')
      FROM (SELECT seq AS n FROM seq_${from}_to_${to}) numbers`)
  }
  await connection.query('ANALYZE TABLE customer')
  await connection.end()
  return `${server.url}/bench`
}

async function measure(): Promise<Figure[]> {
  const vault = await createVault(join(folder.path, 'vault'), { sources: { shop: database } })
  const dumpS: number[] = []
  const mydumperS: (number | undefined)[] = []
  const firstS: number[] = []
  const furtherS: number[] = []
  const peakBytes: number[] = []
  for (let round = 1; round <= rounds; round++) {
    dumpS.push(await dump())
    mydumperS.push(await runMydumper(round))
    const first = await backUpAnew(round)
    firstS.push(first)
    if (round === 1) await expectBackup(vault, rows)
    const further = await expectBackup(vault, 0)
    furtherS.push(further.wallS)
    peakBytes.push(further.peakBytes)
    const said = [dumpS.at(-1), first, further.wallS].map((seconds) => seconds?.toFixed(1))
    console.error(`round ${round}: dump ${said[0]} s, first ${said[1]} s, further ${said[2]} s`)
  }
  const name = { what: 'further backup of MariaDB, nothing changed', unit: 's' } as const
  const target = rows >= ROWS_FULL ? TARGET : undefined
  return [
    ...compareFigure({ ...name, against: 'mariadb-dump' }, pairUp(furtherS, dumpS), { target }),
    ...compareFigure({ ...name, against: 'mydumper, 2 threads' }, pairUp(furtherS, mydumperS)),
    ...compareFigure(
      { what: 'first backup of MariaDB', against: 'mariadb-dump', unit: 's' },
      pairUp(firstS, dumpS),
    ),
    ...plainFigure({ what: 'further backup, peak memory', unit: 'bytes' }, peakBytes),
  ]
}

function login(): string[] {
  const { password, port, username } = new URL(server.url)
  return ['--host=127.0.0.1', `--port=${port}`, `--user=${username}`, `--password=${password}`]
}

async function dump(): Promise<number> {
  const args = [...login(), '--single-transaction', '--hex-blob', 'bench']
  return (await runProgram({ command: DUMP, args })).wallS
}

async function runMydumper(round: number): Promise<number | undefined> {
  if (!existsSync(MYDUMPER)) return undefined
  const out = join(folder.path, `mydumper-${round}`)
  const args = [...login(), '--database=bench', '--threads=2', '--no-locks', `--outputdir=${out}`]
  return (await runProgram({ command: MYDUMPER, args })).wallS
}

async function backUpAnew(round: number): Promise<number> {
  const vault = await createVault(join(folder.path, `first-${round}`), {
    sources: { shop: database },
  })
  const { wallS } = await expectBackup(vault, rows)
  vault.remove()
  return wallS
}

async function expectBackup(vault: BenchVault, changed: number) {
  const done = await vault.backUp('shop')
  if (done.summary.rows === rows && done.summary.changed === changed) return done
  throw new Error('Cannot go on: the backup found other rows')
}
