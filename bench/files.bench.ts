/**
 * The question: how fast does a folder of CSV and JSON Lines become rows?
 *
 * The baseline: `csv-parse` taking the same bytes apart in the same process, in turns; it makes lists
 * of strings, which would still have to become rows. For JSON Lines, `JSON.parse` of every line, which
 * rounds numbers.
 *
 * Worse would be: less than 100 MB a second for a scan (more than 0.01 s for a megabyte), in time of the
 * processor. A backup also reads every file once before, to learn what it is; that has its own line.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { parse } from 'csv-parse'
import { filesConnector } from '#connector/files/files-connector'
import type { RowBatch } from '#record/row-batch'
import { systemClock } from '#stdx/clock'
import { Secret } from '#stdx/secret'
import { compareFigure, type Figure, pairUp, plainFigure } from './lib/figure.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { formatTable } from './lib/report.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '3' },
    once: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const rounds = values.once ? 1 : Number(values.rounds)
const signal = new AbortController().signal
const TARGET_S = 0.01

using folder = makeBenchFolder()
fill()
const figures = [...(await measure('csv', parseCsv)), ...(await measure('jsonl', parseLines))]
console.log(`\n${formatTable(figures)}\n\nSeconds of a processor for a megabyte of the file.`)

function fill(): void {
  const numbers = Array.from({ length: rows }, (_, i) => i)
  const csv = numbers.map(
    (i) =>
      `${i},Customer ${i} GmbH,"Main St ${i}, ""A""",Berlin,,2026-01-0${1 + (i % 9)},${i}.37\n`,
  )
  const lines = numbers.map(
    (i) =>
      `{"id":${i},"name":"Customer ${i} GmbH","street":"\\"A\\" ${i}","x":null,"sum":${i}.37}\n`,
  )
  for (const [kind, text] of [
    ['csv', `id,name,street,city,vat,since,sum\n${csv.join('')}`],
    ['jsonl', lines.join('')],
  ] as const) {
    mkdirSync(join(folder.path, kind))
    writeFileSync(join(folder.path, kind, `customers.${kind}`), text)
  }
}

async function measure(kind: string, peer: (bytes: Buffer) => Promise<number>): Promise<Figure[]> {
  const path = join(folder.path, kind, `customers.${kind}`)
  const megabytes = statSync(path).size / 1e6
  const [learnS, scanS, peerS]: [number[], number[], number[]] = [[], [], []]
  for (let round = 1; round <= rounds; round++) {
    peerS.push((await timed(() => peer(readFileSync(path)))) / megabytes)
    const ours = await readFolder(join(folder.path, kind))
    learnS.push(ours.learnS / megabytes)
    scanS.push(ours.scanS / megabytes)
  }
  const against = kind === 'csv' ? 'csv-parse' : 'JSON.parse'
  const name = { what: `scan of ${kind}`, unit: 's' } as const
  return [
    ...compareFigure({ ...name, against }, pairUp(scanS, peerS)),
    ...plainFigure(name, scanS, { target: TARGET_S }),
    ...plainFigure({ what: `learning what a ${kind} is`, unit: 's' }, learnS),
  ]
}

async function readFolder(path: string): Promise<{ learnS: number; scanS: number }> {
  const options = { address: new Secret(path), connectionsMax: 1, bytesPerSecondMax: 0 }
  const connector = filesConnector({ rowsKeptMin: 0, entities: {} })
  await using source = await connector.openSource({ ...options, clock: systemClock, signal })
  await using cut = await source.openCut(signal)
  let scanned = 0
  const learnS = await timed(() => cut.readCatalogue(() => true))
  const scanS = await timed(async () => {
    for (const entity of (await cut.readCatalogue(() => true)).entities) {
      const fields = entity.fields.map((field) => field.name)
      for await (const batch of cut.scan(entity, fields, signal)) {
        scanned += countRows(batch)
      }
    }
  })
  if (scanned !== rows) throw new Error(`Cannot go on: the scan found ${scanned} rows`)
  return { learnS, scanS }
}

function countRows(batch: RowBatch): number {
  if (batch.kind === 'large') return 1
  let count = 0
  for (let at = batch.bytes.indexOf(0x0a); at >= 0; at = batch.bytes.indexOf(0x0a, at + 1))
    count += 1
  return count
}

async function parseCsv(bytes: Buffer): Promise<number> {
  const blocks = Array.from({ length: Math.ceil(bytes.length / 1_048_576) }, (_, i) =>
    bytes.subarray(i * 1_048_576, (i + 1) * 1_048_576),
  )
  let count = 0
  for await (const _ of Readable.from(blocks).pipe(parse())) count += 1
  return count
}

async function parseLines(bytes: Buffer): Promise<number> {
  let count = 0
  for (const line of bytes.toString().split('\n')) if (line !== '' && JSON.parse(line)) count += 1
  return count
}

/** Seconds of a processor that this process took, all its threads together. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1e6
}
