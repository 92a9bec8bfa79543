import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchRun, demand, SOURCE } from '../lib/bench-run.ts'
import { type Figure, plainFigure } from '../lib/figure.ts'
import { type BenchVault, LAUNCHER, readSummary } from '../lib/holdfast.ts'
import { runProgram } from '../lib/run-program.ts'
import { CUSTOMER_TABLE } from '../lib/tables.ts'
import { measureBytesRead } from '../lib/trace-reads.ts'

const KEYS = 12
const ENTITY = `public.${CUSTOMER_TABLE.name}`

/** One record and its history, whole processes, and the difference of two points. */
export async function measureLookups(run: BenchRun, vault: BenchVault): Promise<Figure[]> {
  const keys = await pickKeys(run)
  const [first = ''] = await readPoints(vault)
  const commands = {
    history: (key: string) => ['history', SOURCE, ENTITY, key, '--json'],
    show: (key: string) => ['show', first, ENTITY, key, '--json'],
  }
  const figures: Figure[] = []
  for (const [name, command] of Object.entries(commands)) {
    const walls: number[] = []
    const reads: number[] = []
    for (const key of keys) {
      const done = await vault.run(command(key), { isOutputKept: true })
      demand(done.output.includes('"legal_name"'), `${name} shows no record`)
      walls.push(done.wallS)
      const bytes = await countBytes(run, vault, command(key))
      if (bytes !== undefined) reads.push(bytes)
    }
    run.say(
      `${name}: ${walls.map((wall) => wall.toFixed(3)).join(' ')} s; read ${Math.max(...reads)} bytes at most`,
    )
    figures.push(
      ...plainFigure({ what: `${name} of one record, whole process`, unit: 's' }, walls, {
        target: 0.25,
        note: `${KEYS} records, every second one with changes`,
      }),
      ...plainFigure({ what: `${name} of one record, read from the vault`, unit: 'bytes' }, reads, {
        target: 4 * 1024 * 1024,
        isMaxJudged: true,
        note: 'reads of files below the vault, by strace; the largest is judged',
      }),
    )
  }
  return [...figures, ...(await measureDiff(run, vault))]
}

/** Two consecutive points, a hundredth of the rows apart. */
async function measureDiff(run: BenchRun, vault: BenchVault): Promise<Figure[]> {
  const file = join(run.folder, 'diff.jsonl')
  const points = await readPoints(vault)
  const [before, after] = [points.at(0), points.at(1)]
  if (before === undefined || after === undefined) return []
  const walls: number[] = []
  const peaks: number[] = []
  let changes = 0
  for (let round = 0; round < run.options.rounds; round++) {
    const args = ['diff', before, after, '--json']
    const done = await vault.run(args, { toFile: file, statuses: [4] })
    walls.push(done.wallS)
    peaks.push(done.peakBytes)
    changes = await countChanges(file)
  }
  rmSync(file)
  run.say(`diff: ${walls.map((wall) => wall.toFixed(2)).join(' ')} s, ${changes} changes`)
  return [
    ...plainFigure({ what: 'diff of two points, all fields', unit: 's' }, walls, {
      target: 2,
      note: `${changes} changes, printed as JSON Lines into a file`,
    }),
    ...plainFigure({ what: 'diff, peak memory', unit: 'bytes' }, peaks, {
      target: 250e6,
      isMaxJudged: true,
    }),
  ]
}

async function countChanges(file: string): Promise<number> {
  const tail = await runProgram({ command: 'tail', args: ['-n', '1', file], isOutputKept: true })
  readSummary(tail.output)
  const lines = await runProgram({ command: 'wc', args: ['-l', file], isOutputKept: true })
  return Number.parseInt(lines.output, 10) - 1
}

async function readPoints(vault: BenchVault): Promise<string[]> {
  const { output } = await vault.run(['points', SOURCE, '--json'], { isOutputKept: true })
  const points: { point: string }[] = JSON.parse(output)
  const seqOf = (point: string) => Number(point.split('@')[1])
  return points.map(({ point }) => point).sort((a, b) => seqOf(a) - seqOf(b))
}

/** Half of them records that the last change touched, where there was one, the others anywhere. */
async function pickKeys({ customers, options }: BenchRun): Promise<string[]> {
  const { changed, key, name } = CUSTOMER_TABLE
  const touched = await customers.query(
    `select ${key}::text as key from (${changed(options.rounds)}) rows
     order by hashtext(${key}::text) limit ${KEYS / 2}`,
  )
  const others = await customers.query(
    `select ${key}::text as key from ${name} order by hashtext(${key}::text || 'any') limit ${KEYS / 2}`,
  )
  return [...touched, ...others].map((row) => String(row['key']))
}

function countBytes(
  { folder, programs }: BenchRun,
  vault: BenchVault,
  args: readonly string[],
): Promise<number | undefined> {
  const traced = { command: LAUNCHER, args, env: vault.env, below: vault.path }
  return measureBytesRead(programs.strace, traced, join(folder, 'trace.txt'))
}
