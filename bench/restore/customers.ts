import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeSystems, SOURCES } from '../customer/customer-systems.ts'
import { demand } from '../lib/bench-run.ts'
import { type Database, settle } from '../lib/bench-server.ts'
import { type Figure, plainFigure } from '../lib/figure.ts'
import { LAUNCHER } from '../lib/holdfast.ts'
import { type Run, runProgram } from '../lib/run-program.ts'
import type { RestoreRun } from './execution.ts'

/** Records of a customer in all three systems. */
const EACH = 100
/** One in so many customers is put back. */
const ONE_IN = 20
const PLAN_S = 10
const DRILL_S = 30
/** Of the planning process, however large the tables are. */
const PLAN_BYTES = 600e6
const DRILLED = 50
/** What the moment before the damage is called, in all three sources. */
const BEFORE = 'before'

/** A day on which an import went through every twentieth customer, in all systems. */
const DAMAGE: Readonly<Record<(typeof SOURCES)[number], readonly string[]>> = {
  crm: [
    `UPDATE account SET city = 'Nowhere' WHERE account_id % ${ONE_IN} = 0`,
    `DELETE FROM contact WHERE account_id % ${2 * ONE_IN} = 0`,
  ],
  erp: [`UPDATE customer SET terms = 'NT99' WHERE account_id % ${ONE_IN} = 0`],
  billing: [
    `UPDATE invoice SET state = 'paid' WHERE CAST(SUBSTR(customer_number, 2) AS INTEGER) % ${ONE_IN} = 0`,
  ],
}

/** Plans for many customers on two platforms, and drills. */
export async function measureCustomers(run: RestoreRun, customers: number): Promise<Figure[]> {
  const { folder, isFull, rounds, say, server } = run
  const place = join(folder, 'customers')
  say(`Filling three systems for ${customers} customers`)
  const systems = makeSystems(place, { customers, records: customers * EACH })
  const databases: Database[] = []
  for (const source of SOURCES) databases.push(await server.createDatabase(source))
  nameTargets(systems.env['HOLDFAST_CONFIG'] ?? '', databases)
  const holdfast = async (...args: string[]) =>
    await runProgram({ command: LAUNCHER, args, env: systems.env, isOutputKept: true })
  await holdfast('init')
  for (const source of SOURCES) {
    await holdfast('backup', source, '--json')
    await holdfast('label', `${source}@1`, BEFORE)
  }
  for (const [i, source] of SOURCES.entries()) {
    say(`Putting ${source} into PostgreSQL`)
    await holdfast('restore', `${source}@1`, '--to', `${source}-pg`, '--yes', '--json')
    for (const sql of DAMAGE[source]) await databases[i]?.query(sql)
    if (databases[i] !== undefined) await settle(databases[i])
  }
  for (const source of SOURCES) {
    doDamage(join(place, `${source}.db`), DAMAGE[source])
    await holdfast('backup', source, '--json')
  }
  say('Making the index')
  await holdfast('customer', 'show', String(ONE_IN), '--source', 'crm', '--json')
  const ids = Array.from({ length: Math.floor(customers / ONE_IN) }, (_, i) => {
    return `crm=${(i + 1) * ONE_IN}`
  })
  const figures: Figure[] = []
  for (const [platform, suffix] of [
    ['SQLite', 'live'],
    ['PostgreSQL', 'pg'],
  ] as const) {
    const plans: Run[] = []
    for (let round = 0; round < rounds; round++) {
      plans.push(await holdfast('restore', ...planArguments(ids, suffix)))
      say(`plan on ${platform}, round ${round + 1}: ${plans.at(-1)?.wallS.toFixed(2)} s`)
    }
    figures.push(...formatPlans(plans, { platform, customers: ids.length, isFull }))
  }
  const drills: Run[] = []
  for (let round = 0; round < rounds; round++) {
    drills.push(await holdfast('drill', '--customers', String(DRILLED), '--json'))
    say(`drill, round ${round + 1}: ${drills.at(-1)?.wallS.toFixed(2)} s`)
  }
  for (const database of databases) await server.dropDatabase(database.name)
  return [...figures, ...formatDrills(drills, isFull)]
}

function planArguments(ids: readonly string[], suffix: string): string[] {
  const what = ids.flatMap((id) => ['--customer', id])
  const to = SOURCES.flatMap((source) => ['--to', `${source}=${source}-${suffix}`])
  return [`@${BEFORE}`, ...what, ...to, '--plan-only', '--json']
}

function formatPlans(
  plans: readonly Run[],
  about: { readonly platform: string; readonly customers: number; readonly isFull: boolean },
): Figure[] {
  const { customers, isFull, platform } = about
  const [steps] = plans.map(({ output }) => countSteps(output))
  demand(steps !== undefined && steps.writes > 0, 'the plan writes nothing')
  const note = `${steps?.records} records in three systems, ${steps?.writes} of them to be written; the whole process`
  const what = `plan for ${customers} customers on ${platform}`
  return [
    ...plainFigure(
      { what, unit: 's' },
      plans.map(({ wallS }) => wallS),
      { note, ...(isFull && { target: PLAN_S }) },
    ),
    ...plainFigure(
      { what: `${what}, peak memory`, unit: 'bytes' },
      plans.map(({ peakBytes }) => peakBytes),
      { isMaxJudged: true, ...(isFull && { target: PLAN_BYTES }) },
    ),
  ]
}

function formatDrills(drills: readonly Run[], isFull: boolean): Figure[] {
  const what = `drill of ${DRILLED} customers`
  for (const { output } of drills) {
    demand(JSON.parse(output).verdict === 'passed', 'the drill did not pass')
  }
  return [
    ...plainFigure(
      { what, unit: 's' },
      drills.map(({ wallS }) => wallS),
      {
        note: 'into three throw-away files, verified; the whole process',
        ...(isFull && { target: DRILL_S }),
      },
    ),
    ...plainFigure(
      { what: `${what}, peak memory`, unit: 'bytes' },
      drills.map(({ peakBytes }) => peakBytes),
    ),
  ]
}

type Step = {
  readonly insert: number
  readonly update: number
  readonly delete: number
  readonly same: number
}

function countSteps(output: string): { readonly writes: number; readonly records: number } {
  const lines = output.trimEnd().split('\n')
  const plans: { type: string; steps: Step[] }[] = lines.map((line) => JSON.parse(line))
  const steps = plans.filter(({ type }) => type === 'plan').flatMap(({ steps }) => steps)
  const writes = steps.reduce((sum, one) => sum + one.insert + one.update + one.delete, 0)
  return { writes, records: steps.reduce((sum, { same }) => sum + same, writes) }
}

/** The living systems and copies of them in PostgreSQL become targets. */
function nameTargets(path: string, databases: readonly Database[]): void {
  const config: { targets: Record<string, unknown> } = JSON.parse(readFileSync(path, 'utf8'))
  for (const [i, source] of SOURCES.entries()) {
    config.targets[`${source}-live`] = { connector: 'sqlite', file: `./${source}.db` }
    config.targets[`${source}-pg`] = { connector: 'postgres', url: databases[i]?.url }
  }
  writeFileSync(path, JSON.stringify(config))
}

function doDamage(path: string, statements: readonly string[]): void {
  using db = new DatabaseSync(path)
  for (const sql of statements) db.exec(sql)
}
