import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { readDatabase } from '../journeys/testing/example-postgres.ts'
import { changeDatabase, commandIn } from './testing/fault-stages.ts'
import {
  fileTarget,
  findMoments,
  judgePhase,
  type KilledTarget,
  killAt,
  lineOf,
  listBegun,
  PHASES,
  type Phase,
  readTargets,
  runWell,
  type Stage,
  setUp,
} from './testing/kill-several.ts'
import { canTrace } from './testing/trace-command.ts'
import { untilAlone } from './testing/until-alone.ts'
import { readKeyFile } from './testing/vault-at-hand.ts'

const TABLES = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) UNIQUE, boss INTEGER REFERENCES customer (id));
  CREATE TABLE log (at VARCHAR(20), said VARCHAR(20));
  INSERT INTO customer VALUES (1, 'Ada', NULL), (2, 'Bo', 1), (3, 'Cy', 2), (4, 'Di', 1);
  INSERT INTO log VALUES ('monday', 'x'), ('monday', 'x'), ('tuesday', 'y')`
const DAMAGE = `
  UPDATE customer SET boss = NULL; DELETE FROM customer WHERE id IN (2, 3);
  UPDATE customer SET name = 'bad' WHERE id = 1; INSERT INTO customer VALUES (9, 'added', 4);
  DELETE FROM log WHERE at = 'monday'; INSERT INTO log VALUES ('tuesday', 'y')`
const RESTORE = [
  ...['restore', '@good', '--to', 'crm=one', '--to', 'erp=two', '--delete-added'],
  ...['--confirm', 'one', '--confirm', 'two'],
]

const CONFIG = (second: string) => `vault: ./vault
tempDir: ./temporary
sources:
  crm: { connector: sqlite, file: ../crm.db }
  erp: { connector: sqlite, file: ../erp.db }
targets:
  one: { connector: sqlite, file: ./one.db }
  two: ${second}
`

type Second = {
  readonly config: string
  readonly target: (damaged: string) => KilledTarget
  readonly more?: Readonly<Record<string, string>>
}

async function aStage({ config, more = {}, target }: Second): Promise<Stage> {
  const base = await mkdtemp(join(tmpdir(), 'holdfast-several-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const folder = join(base, 'stage')
  const damaged = join(base, 'damaged.db')
  await mkdir(folder)
  for (const name of ['crm', 'erp']) changeDatabase(join(base, `${name}.db`), TABLES)
  changeDatabase(damaged, `${TABLES};${DAMAGE}`)
  await writeFile(join(folder, 'holdfast.yaml'), CONFIG(config))
  const lines = [['init'], ['backup'], ['label', 'crm@1', 'good'], ['label', 'erp@1', 'good']]
  for (const argv of lines) await runWell(commandIn(folder, { argv, more }))
  const keyFile = await readKeyFile(join(folder, 'vault'))
  const isSecondOnly = Object.keys(more).length > 0
  return {
    folder,
    isSecondOnly,
    keyFile,
    more,
    targets: [fileTarget('one', damaged), target(damaged)],
  }
}

/**
 * Kills a command at every moment that tells its phases apart. Asked for again it comes to the same
 * end, without a row twice; then everything is taken back. How often each phase was hit.
 */
async function killEverywhere(
  stage: Stage,
  prepare: (folder: string) => Promise<readonly string[]>,
): Promise<Partial<Record<Phase, number>>> {
  const hits: Partial<Record<Phase, number>> = {}
  const damaged = await readTargets(stage, await setUp(stage, 'damaged'))
  const undisturbed = await setUp(stage, 'undisturbed')
  await runWell(lineOf(stage, undisturbed, await prepare(undisturbed)))
  const wanted = await readTargets(stage, undisturbed)
  for (const moment of await findMoments(stage, prepare)) {
    const folder = await setUp(stage, 'killed')
    const argv = await prepare(folder)
    const before = await readTargets(stage, folder)
    const entries = (await listBegun(stage, folder)).restores.length
    const command = lineOf(stage, folder, argv)
    if (!(await killAt(command, moment))) continue
    const phase = await judgePhase(stage, folder, { before, entries })
    hits[phase] = (hits[phase] ?? 0) + 1
    for (const [i, state] of (await readTargets(stage, folder)).entries()) {
      expect([before[i], wanted[i]], `${phase}: all or nothing`).toContain(state)
    }
    await runWell(command)
    expect(await readTargets(stage, folder), `${phase}: asked for again`).toEqual(wanted)
    const begun = await listBegun(stage, folder)
    expect(begun, phase).toMatchObject({ open: 0, verdict: 'whole' })
    if (argv[0] !== 'restore' || (hits[phase] ?? 0) > 1) continue
    for (const { restore, target } of begun.restores) {
      await runWell(lineOf(stage, folder, ['undo', restore, '--confirm', target]))
    }
    expect(await readTargets(stage, folder), `${phase}: undone`).toEqual(damaged)
  }
  console.info(`${stage.targets[1].name}: killed in ${JSON.stringify(hits)}`)
  return hits
}

const restoring = async () => RESTORE

test.runIf(canTrace())(
  'a restore into two files that is killed in any phase is gone on with, and undone',
  async () => {
    const config = '{ connector: sqlite, file: ./two.db }'
    const stage = await aStage({ config, target: (damaged) => fileTarget('two', damaged) })
    const hits = await killEverywhere(stage, restoring)
    expect(PHASES.slice(0, 6).filter((phase) => hits[phase] === undefined)).toEqual([])
    // Taking one of them back is killed in every phase that it has.
    const undone = await killEverywhere(stage, async (folder) => {
      await runWell(lineOf(stage, folder, RESTORE))
      const { restores } = await listBegun(stage, folder)
      const { restore } = restores.find(({ target }) => target === 'one') ?? { restore: '' }
      return ['undo', restore, '--confirm', 'one']
    })
    expect(PHASES.slice(0, 3).filter((phase) => undone[phase] === undefined)).toEqual([])
  },
)

describePostgres('kills of a restore into several', (major) => {
  test.runIf(canTrace() && major === newestMajor())(
    'PostgreSQL as the second target: killed in any phase of it, it is gone on with and undone',
    async () => {
      await using database = await freshDatabase(major)
      const stage = await aStage({
        config: `{ connector: postgres, url: '\${TWO_URL}' }`,
        more: { TWO_URL: database.url },
        target: () => postgresTarget(database),
      })
      const hits = await killEverywhere(stage, restoring)
      expect(PHASES.slice(4, 6).filter((phase) => hits[phase] === undefined)).toEqual([])
    },
  )
})

function postgresTarget(database: FreshDatabase): KilledTarget {
  return {
    name: 'two',
    async damage() {
      await untilAlone(database)
      await database.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${TABLES}; ${DAMAGE}`)
    },
    async read() {
      await untilAlone(database)
      return JSON.stringify(await readDatabase(database))
    },
  }
}
