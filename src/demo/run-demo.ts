import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '#stdx/random'
import { breakThings, type Damage, STORY_COMPANY_CODE } from './break-things.ts'
import { DEMO_CUSTOMER_MAP } from './customer-map.ts'
import { DEMO_SYSTEMS } from './demo-files.ts'
import type {
  CheckAnswer,
  ReportChanges,
  ReportCommand,
  ReportProof,
  ReportReceivables,
  ReportRestore,
} from './demo-report-model.ts'
import { DemoSession, type DemoSessionDeps } from './demo-session.ts'
import { formatDemoReport } from './format-demo-report.ts'
import { DEMO_DEFAULTS, type DemoOptions, generateDemo } from './generate-demo.ts'
import { glimpseStorage } from './glimpse-storage.ts'
import { liveADay } from './live-a-day.ts'
import { DEMO_MASK } from './mask-file.ts'
import { isProved } from './report/opening.ts'
import { findCompany } from './report/receivables-section.ts'
import { describeCustomer } from './story-customer.ts'
import { tellStory } from './tell-story.ts'
import { FIRST_DAY, formatDay } from './world/days.ts'

export type RunDemoDeps = DemoSessionDeps & {
  readonly random: Random
  readonly version: string
}

export type { CommandResult } from './demo-session.ts'

export type DemoOutcome = {
  readonly folder: string
  readonly report: string
  readonly commands: readonly ReportCommand[]
  readonly durationMs: number
  /** Whether every system is again what it was at the good point. */
  readonly isProved: boolean
}

/**
 * Runs the whole story in `folder`: generates three systems, backs them up, lets a day pass, breaks
 * something, shows it, puts it back, proves it, and writes `report.html`.
 *
 * Everything is done by Holdfast's own commands; what they print is what the report shows. The
 * folder stays, with its configuration, so that a person can go on trying.
 *
 * @throws demo.folder-in-use
 */
export async function runDemo(
  deps: RunDemoDeps,
  folder: string,
  options: DemoOptions = DEMO_DEFAULTS,
): Promise<DemoOutcome> {
  const startedAtMs = deps.clock.nowMs()
  const session = new DemoSession(deps)
  deps.say(
    'A trading group appears: a CRM, an ERP and a billing system in which the same customers live',
  )
  const contents = await generateDemo(folder, options)
  await writeConfig(deps.random, folder)

  await session.run(['init'], 'Create the vault')
  const points = await session.backup('Copy all three systems')
  deps.say('An ordinary day passes')
  liveADay(contents.files, { seed: options.seed, day: 1 })
  points.push(...(await session.backup('A day later: only what changed')))
  deps.say('Something goes wrong')
  const damage = breakThings(contents.files, options.seed)
  for (const sentence of damage.sentences) deps.say(`  ${sentence}`)
  points.push(
    ...(await session.backup('The nightly run captures the damage as well; nothing is lost by it')),
  )

  deps.say('What is different from the good point, field by field?')
  const changes: ReportChanges[] = []
  for (const source of DEMO_SYSTEMS) changes.push(await session.diff(source))
  const good = await session.entities('2')
  const damaged = await session.entities('3')
  const verifyDamaged = await session.verify()
  const receivables = [
    await ageReceivables(deps, session, { folder, seq: 2 }),
    await ageReceivables(deps, session, { folder, seq: 3 }),
  ]

  const restores = await putBack(deps, session, { changes, customer: damage.customer })
  const verifyRestored = await session.verify()
  points.push(...(await session.backup('A point that proves it')))
  const restored = await session.entities('4')
  receivables.push(await ageReceivables(deps, session, { folder, seq: 4 }))
  const customer = await describeCustomer(session, damage.customer)
  const check = await session.answer<CheckAnswer>(
    ['check', '--read-data'],
    'Is every byte of the vault whole?',
  )
  await session.run(['points'], 'Every recovery point')

  const proofs = DEMO_SYSTEMS.map((source): ReportProof => {
    return {
      source,
      good: good[source],
      damaged: damaged[source],
      restored: restored[source],
      verifyDamaged: verifyDamaged[source],
      verifyRestored: verifyRestored[source],
    }
  })
  const storage = await glimpseStorage(join(folder, 'vault'), damage.customer)
  const durationMs = deps.clock.nowMs() - startedAtMs
  const model = tellStory({
    changes,
    check,
    contents,
    customer,
    damage,
    durationMs,
    points,
    proofs,
    receivables,
    restores,
    storage,
    commands: session.commands,
    madeAtMs: startedAtMs,
    version: deps.version,
  })
  const report = join(folder, 'report.html')
  await writeFile(report, formatDemoReport(model))
  return { folder, report, commands: session.commands, durationMs, isProved: isProved(model) }
}

/** The company that was hit, in its own currency. */
const COMPANY = { companyCode: STORY_COMPANY_CODE, currency: 'EUR' }
const RECEIVABLES_TITLES = new Map([
  [2, 'Before the damage'],
  [3, 'Damaged'],
  [4, 'Put back'],
])

/** What finance sees of a moment: said in a line, and as a page beside the report. */
async function ageReceivables(
  { say }: Pick<RunDemoDeps, 'say'>,
  session: DemoSession,
  { folder, seq }: { readonly folder: string; readonly seq: number },
): Promise<ReportReceivables> {
  const page = `receivables-${seq}.html`
  const asOf = formatDay(FIRST_DAY + 1)
  const answer = await session.receivables(String(seq), asOf, join(folder, page))
  const group = findCompany(answer, COMPANY)
  const { companyCode, currency } = COMPANY
  const owed = `Company ${companyCode} is owed ${group?.total ?? 'nothing'} ${currency}`
  const kept = `${group?.amounts[0] ?? 'nothing'} of it is not due yet`
  say(`  ${owed}, ${kept}; the general ledger says ${group?.control ?? 'nothing'}`)
  const title = RECEIVABLES_TITLES.get(seq) ?? ''
  return { title, page, company: COMPANY, answer }
}

/** One customer in all systems by one command, then everything else, system by system. */
async function putBack(
  deps: Pick<RunDemoDeps, 'say'>,
  session: DemoSession,
  { changes, customer }: Pick<Damage, 'customer'> & { readonly changes: readonly ReportChanges[] },
): Promise<ReportRestore[]> {
  deps.say('One customer first: one command, three systems')
  for (const one of await session.restoreCustomer(customer.accountId, '2')) {
    const { inserted, point, skipped, target, updated } = one
    const records = `${inserted} inserted, ${updated} updated, ${skipped} as they were`
    deps.say(`  ${target} as of ${point}: ${records}`)
  }
  deps.say('Then all the rest: planned first, written in one transaction, read back')
  const restores: ReportRestore[] = []
  for (const { lines, source } of changes) {
    if (lines.length > 0) restores.push(await session.restore(source))
  }
  return restores
}

async function writeConfig(random: Random, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const passphrase = Buffer.from(random.bytes(15)).toString('base64url')
  await writeFile(join(folder, 'passphrase'), `${passphrase}\n`, { mode: 0o600 })
  const systems = DEMO_SYSTEMS.map(
    (name) => `  ${name}: { connector: sqlite, file: ./${name}.db }\n`,
  )
  const targets = DEMO_SYSTEMS.map(
    (name) => `  ${name}-live: { connector: sqlite, file: ./${name}.db }\n`,
  )
  const copies = DEMO_SYSTEMS.map(
    (name) => `  ${name}-test: { connector: sqlite, file: ./${name}-test.db }\n`,
  )
  const text = [
    '# The demo. A source is never silently a target: putting something back into a living system\n',
    '# takes a target that names it.\n',
    'vault: ./vault\nsources:\n',
    ...systems,
    'targets:\n',
    ...targets,
    '  # Empty ones, for masked copies: see mask.yaml.\n',
    ...copies,
  ]
  await writeFile(join(folder, 'holdfast.yaml'), text.join(''))
  await writeFile(join(folder, 'customers.yaml'), DEMO_CUSTOMER_MAP)
  await writeFile(join(folder, 'mask.yaml'), DEMO_MASK)
}
