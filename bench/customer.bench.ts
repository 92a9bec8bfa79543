/**
 * The question: how long does it take to find a customer among very many, and to see one with all that
 * is attached to it?
 *
 * The baseline: the same command in the same run without an index, which reads every entity. Whole
 * processes through the launcher, warm: the index is there, and files are in memory.
 *
 * Worse would be: at a million customers and ten million records in three systems, a search of 0.3 s or
 * a closure of a thousand records of 1 s; or a ratio to reading that grew against `bench/results/`.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { changeNames, KEY_ACCOUNT, makeSystems, SOURCES } from './customer/customer-systems.ts'
import { demand } from './lib/bench-run.ts'
import { compareFigure, type Figure, pairUp, plainFigure } from './lib/figure.ts'
import { makeBenchFolder, measureFolder } from './lib/folders.ts'
import { LAUNCHER } from './lib/holdfast.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { formatTable, keepTable } from './lib/report.ts'
import { runProgram } from './lib/run-program.ts'

const USAGE = `node bench/customer.bench.ts [--customers N] [--records N] [--rounds N]

  --customers N  customers, in two of the systems (20000)
  --records N    records in all three systems (200000)
  --rounds N     how often each is asked, with the index and without (3)`

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '20000' },
    records: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})
const FIND_S = 0.3
const CLOSURE_S = 1
const FULL = { customers: 1_000_000, records: 10_000_000 }

if (values.help) console.log(USAGE)
else await main(Number(values.customers), Number(values.records), Number(values.rounds))

async function main(customers: number, records: number, rounds: number): Promise<void> {
  const watch = watchLoad()
  const say = (text: string) => console.error(text)
  using folder = makeBenchFolder()
  const place = join(folder.path, 'systems')
  say('Filling three systems')
  const systems = makeSystems(place, { customers, records })
  const run = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const env = { ...systems.env, ...more }
    return await runProgram({ command: LAUNCHER, args, env, isOutputKept: true })
  }
  await run(['init'])
  for (const source of SOURCES) {
    say(`Backing up ${source}`)
    await run(['backup', source, '--json'])
  }
  changeNames(place, customers)
  await run(['backup', 'crm', '--json'])

  const key = Math.min(KEY_ACCOUNT, customers)
  const one = Math.floor(customers / 3)
  const questions: readonly (readonly [what: string, target: number, ...args: string[]])[] = [
    ['find by name', FIND_S, 'find', `gmbh ${one}`],
    ['find by tax id', FIND_S, 'find', `DE ${100_000_000 + one}`],
    ['find by e-mail', FIND_S, 'find', `p${one}@mail.example`],
    ['find by name, as of the first day', FIND_S, 'find', `gmbh ${one}`, '--at', 'crm@1'],
    ['closure of a thousand records', CLOSURE_S, 'show', String(key), '--source', 'crm'],
  ]
  say('Making the index')
  const made = await run(['customer', 'find', 'nobody of this name', '--json'])
  await run(['customer', 'show', String(key), '--source', 'crm', '--json'])
  const isFull = customers >= FULL.customers && records >= FULL.records
  const figures: Figure[] = []
  for (const [what, target, ...args] of questions) {
    say(what)
    const ours: number[] = []
    const read: number[] = []
    for (let round = 0; round < rounds; round++) {
      const indexed = await run(['customer', ...args, '--json'])
      const plain = await run(['customer', ...args, '--json'], { HOLDFAST_INDEX_MEGABYTES: '0' })
      demand(indexed.output === plain.output, `"${what}" is answered otherwise with the index`)
      ours.push(indexed.wallS)
      read.push(plain.wallS)
    }
    const { found, records: attached } = JSON.parse(
      (await run(['customer', ...args, '--json'])).output,
    )
    const note = attached === undefined ? `${found} found` : `${attached.length} records`
    figures.push(...plainFigure({ what, unit: 's' }, ours, { note, ...(isFull && { target }) }))
    figures.push(
      ...compareFigure({ what, against: 'reading every entity', unit: 's' }, pairUp(ours, read)),
    )
  }
  const bytes = measureFolder(systems.stateDir)
  const perMillion = bytes / (systems.records / 1e6)
  figures.push(
    ...plainFigure({ what: 'making the index', unit: 's' }, [made.wallS]),
    ...plainFigure({ what: 'peak memory of making it', unit: 'bytes' }, [made.peakBytes]),
    ...plainFigure({ what: 'index, for a million records', unit: 'bytes' }, [perMillion]),
    ...plainFigure({ what: 'the vault beside it', unit: 'bytes' }, [
      measureFolder(join(place, 'vault')),
    ]),
  )
  console.log(`\n${formatTable(figures)}`)
  if (!isFull) return
  const about = `\`node bench/customer.bench.ts --customers ${customers} --records ${records}\`: ${systems.records} records of three systems.`
  const [date, load] = [new Date().toISOString(), watch.stop()]
  const kept = { name: 'customer', about, date, machine: describeMachine(), load, figures }
  console.log(`\n${keepTable(kept)}`)
}
