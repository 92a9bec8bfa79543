import { type Command, Option } from 'commander'
import type { ParentPolicy } from '#app/plan-with-parents'
import type {
  AgreedPlan,
  PlanFacts,
  RestoreRequest,
  RestoreSummary,
  WholePlan,
} from '#app/restore-request'
import type { Provenness } from '#app/unproven'
import { AppError } from '#stdx/app-error'
import { collect } from '../collect.ts'
import { formatCount } from '../format-amounts.ts'
import { formatPlan, formatPlanNote, formatSummary } from '../format-restore.ts'
import type { Act, Shell } from '../shell.ts'
import { refuseExisting, writeNewFile } from '../text-file.ts'
import { warnUnproven } from '../warn-unproven.ts'

type Options = {
  readonly to?: string[]
  readonly entity?: string[]
  readonly record?: string[]
  readonly field?: string[]
  readonly planOnly?: boolean
  readonly out?: string
  readonly plan?: string
  readonly acceptSideEffects?: boolean
  readonly customer?: string[]
  readonly map?: string
  readonly mapping?: string
  readonly mask?: string
  readonly keys?: string[]
  readonly leaveOut?: string[]
  readonly renamed?: string[]
  readonly inexact?: string[]
  readonly deleteAdded?: boolean
  readonly onConflict?: string[]
  readonly missingParents?: ParentPolicy
  readonly undoTransaction?: string
  readonly skipConflicts?: boolean
  readonly confirm?: string[]
}

/** Loading what they mean costs more than saying them twice. */
const PARENTS: readonly ParentPolicy[] = ['create', 'null', 'refuse']

export function addRestore(program: Command, act: Act): void {
  addFits(program.command('restore'))
    .argument(
      '[POINT]',
      'what is put back; left out where a transaction is undone or a plan is carried out',
    )
    .option(
      '--to <[SOURCE=]TARGET>',
      'a target of the configuration; one for each source where POINT is @TIME or @LABEL',
      collect,
    )
    .option('--entity <ENTITY>', 'only this entity; may be repeated', collect)
    .option('--record <ENTITY:KEY>', 'only this record; may be repeated', collect)
    .option('--field <ENTITY:KEY:FIELD>', 'only this field of a record; may be repeated', collect)
    .option(
      '--customer <[SOURCE=]ID>',
      'only this customer, with everything attached; may be repeated',
      collect,
    )
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option(
      '--mask <FILE>',
      'put masked values into an empty test system, by the rules of this file',
    )
    .option(
      '--mapping <FILE>',
      'put records into tables of another shape, that the target has, as this file says',
    )
    .option(
      '--keys <[ENTITY=]POLICY>',
      'keep the keys of the point, or mint: let the target number what it was not given before (mint-moved: but for records that got another key); for one entity or all',
      collect,
    )
    .option('--delete-added', 'delete what the target has and the point does not hold')
    .option(
      '--on-conflict <[CLASS=]POLICY>',
      'what was changed since the last capture: ours, theirs, newer or ask; for a class of fields or all',
      collect,
    )
    .addOption(
      new Option(
        '--missing-parents <POLICY>',
        'for rows that need what the target lacks: put it back, too, leave the reference empty, or stop',
      ).choices(PARENTS),
    )
    .option(
      '--undo-transaction <POINT>',
      'take back one transaction, like erp@12.5, and nothing since',
    )
    .option('--skip-conflicts', 'leave records that were changed since as they are, undo the rest')
    .option('--accept-side-effects', 'let run what the target cannot keep from running by itself')
    .option('--plan-only', 'print what would be written, with its hash, and write nothing')
    .option('--out <FILE>', 'with --plan-only: write every step into a new file; `-` prints them')
    .option('--plan <FILE>', 'carry out exactly this plan, if nothing that it writes has changed')
    .option('--confirm <TARGET>', 'the name of the target, typed out; for each of several', collect)
    .description(
      'Put back a point, entities, records or fields, or undo a transaction; read back what was written.',
    )
    .action(act(runRestore))
}

/** What is said of fields that the target lacks, calls otherwise, or cannot hold every value of. */
function addFits(command: Command): Command {
  return command
    .option(
      '--leave-out <ENTITY:FIELD>',
      'do not put this field back, which the target may lack; may be repeated',
      collect,
    )
    .option(
      '--renamed <ENTITY:FIELD=NAME>',
      'a field of the point that has another name in the target; may be repeated',
      collect,
    )
    .option(
      '--inexact <ENTITY:FIELD=null>',
      'put null where another platform does not hold a value of this field; may be repeated',
      collect,
    )
}

/** All targets are planned and agreed to before the first is written. */
async function runRestore(
  shell: Shell,
  given: string | undefined,
  options: Options,
): Promise<undefined> {
  const { context, output, signal } = shell
  if (options.plan !== undefined) return await carryOut(shell, given, options)
  const point = judgePoint(given, options)
  const { out } = options
  if (out !== undefined && out !== '-') refuseExisting(out)
  // Points of several sources are several answers, a plan being one of them.
  if (options.planOnly !== true || point.startsWith('@')) output.beginLines()
  const vault = await context.openVault(signal)
  const chosen = await choose(shell, vault, point, options)
  const { restorePoint } = await import('#app/restore-point')
  const unproven = new Set<string>()
  const told = formatRequest(shell, options, { chosen, unproven })
  const mapped = { ...told, ...(await readMapping(options)) }
  const request = await maskIfAsked(shell, vault, mapped, options)
  const { plans, summaries } = await restorePoint(context, vault, request, signal)
  if (summaries !== null && request.mask !== undefined)
    output.note('Searched before the commit: no original value is in what was written.')
  if (summaries !== null || out === '-') return
  for (const plan of plans) {
    const document = { type: 'plan', ...plan, ...sayUnproven(unproven, plan) }
    const toText = () => formatPlan(plan)
    if (plans.length > 1) await output.item(document, toText)
    else await output.answer(document, toText)
  }
}

async function readMapping({ mapping: path }: Options): Promise<Pick<RestoreRequest, 'mapping'>> {
  if (path === undefined) return {}
  const { openMapping } = await import('#app/open-mapping')
  return { mapping: await openMapping(path) }
}

async function maskIfAsked(
  { context, signal }: Shell,
  vault: Awaited<ReturnType<Shell['context']['openVault']>>,
  request: RestoreRequest,
  { map, mask: path }: Options,
): Promise<RestoreRequest> {
  if (path === undefined) return request
  const { openMask } = await import('#app/open-mask')
  return { ...request, mask: await openMask(context, vault, { map, path }, signal) }
}

/** @throws restore.plan-invalid | restore.plan-void */
async function carryOut(
  shell: Shell,
  given: string | undefined,
  options: Options,
): Promise<undefined> {
  const { context, output, signal } = shell
  const { acceptSideEffects = false, confirm: _, map, plan: path = '', ...rest } = options
  const { mapping: __, ...others } = rest
  if (given !== undefined || Object.keys(others).length > 0)
    throw mixed(
      '--plan beside something else',
      'need at most --confirm, --map, --mapping and --accept-side-effects with it',
    )
  output.beginLines()
  const vault = await context.openVault(signal)
  const { readPlanRequest } = await import('#app/carry-out-plan')
  const { restorePoint } = await import('#app/restore-point')
  const telling = formatTelling(shell, options, new Set<string>())
  const refused = telling.onUndecided
  const told = { ...telling, ...(await readMapping(options)) }
  const callbacks = { ...told, refused, mapFile: map, mayRunSideEffects: acceptSideEffects }
  const request = await readPlanRequest(context, vault, { path, callbacks }, signal)
  await restorePoint(context, vault, request, signal)
}

async function writePlan(shell: Shell, out: string, whole: WholePlan): Promise<void> {
  const { context, output } = shell
  const { formatPlan } = await import('#app/carry-out-plan')
  if (out === '-') {
    for await (const lines of formatPlan(whole)) await output.data(Buffer.from(lines).toString())
    return
  }
  await writeNewFile(out, formatPlan(whole), context.random)
  output.note(`The plan is in ${out}; \`holdfast restore --plan ${out}\` carries it out.`)
}

type Chosen = Pick<RestoreRequest, 'customers' | 'targets'>

async function choose(
  { context, signal }: Shell,
  vault: Awaited<ReturnType<Shell['context']['openVault']>>,
  point: string,
  { customer: ids = [], map: file, to = [] }: Options,
): Promise<Chosen> {
  if (ids.length === 0) {
    const { chooseTargets } = await import('#app/choose-targets')
    return { targets: await chooseTargets(vault, { point, to }, signal) }
  }
  const { chooseCustomers } = await import('#app/choose-customers')
  return await chooseCustomers(context, vault, { ids, point, to, file }, signal)
}

/**
 * The point that it is all about: what is put back, or what is undone.
 * @throws cli.usage
 */
function judgePoint(point: string | undefined, options: Options): string {
  const { undoTransaction: undone } = options
  if (options.to === undefined) throw mixed('no target', 'need one, like --to erp-live')
  if (options.out !== undefined && options.planOnly !== true)
    throw mixed('--out without --plan-only', 'need both')
  if (options.mask !== undefined) refuseUnmaskable(options)
  if (options.keys !== undefined) refuseUnmintable(options)
  if (options.mapping !== undefined) refuseUnmappable(point, options)
  if (options.leaveOut ?? options.renamed ?? options.inexact) refuseUnfittable(options)
  if (undone === undefined) {
    if (options.skipConflicts === true)
      throw mixed('--skip-conflicts without --undo-transaction', 'need both')
    if (point === undefined) throw mixed('no point', 'need one, like erp@latest')
    const { customer = [], entity = [], field = [], record = [] } = options
    if (customer.length > 0 && entity.length + field.length + record.length > 0)
      throw mixed('--entity, --record or --field beside --customer', 'a customer is put back whole')
    return point
  }
  const { customer = [], deleteAdded, entity = [], field = [], record = [] } = options
  const scopes = [customer, entity, field, record]
  const { onConflict = [] } = options
  const isScoped = scopes.flat().length > 0 || deleteAdded === true || onConflict.length > 0
  if (point !== undefined) throw mixed(`${point} beside --undo-transaction`, 'need one of them')
  if (isScoped)
    throw mixed(
      '--entity, --record, --field, --customer, --delete-added or --on-conflict beside --undo-transaction',
      'a transaction is undone whole',
    )
  return undone
}

/** A mapping names every field itself, and a transaction is undone where its fields are. */
function refuseUnfittable({ mapping, undoTransaction }: Options): void {
  if (mapping !== undefined || undoTransaction !== undefined)
    throw mixed(
      '--leave-out, --renamed or --inexact beside --mapping or --undo-transaction',
      'need one',
    )
}

/** A plan file does not hold the key, and a test system has nothing to take back. */
function refuseUnmaskable({ deleteAdded, out, undoTransaction }: Options): void {
  if (out !== undefined) throw mixed('--out beside --mask', 'a masked restore has no plan file')
  if (undoTransaction !== undefined || deleteAdded === true)
    throw mixed('--undo-transaction or --delete-added beside --mask', 'the target has to be empty')
}

/** A mapping file is about whole entities of one source; what the target has beside them is not its own. */
function refuseUnmappable(point: string | undefined, options: Options): void {
  const { customer, deleteAdded, entity, field, mask, missingParents, onConflict, record } = options
  const { inexact, leaveOut, renamed, undoTransaction } = options
  const scopes = { customer, entity, field, record, undoTransaction }
  const named = Object.entries({
    ...scopes,
    deleteAdded,
    inexact,
    leaveOut,
    mask,
    onConflict,
    renamed,
  })
  const [found] = named.find(([, value]) => value !== undefined) ?? []
  const flag = found?.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  if (flag !== undefined) throw mixed(`--${flag} beside --mapping`, 'need one of them')
  if (missingParents === 'create')
    throw mixed('--missing-parents create beside --mapping', 'need null or refuse')
  if (point?.startsWith('@') === true)
    throw mixed(`${point} beside --mapping`, 'need a point of one source, like crm@latest')
}

/** What the target has beside what it was given is its own, whatever number it bears. */
function refuseUnmintable({ deleteAdded, mapping, mask, undoTransaction }: Options): void {
  if (mapping !== undefined)
    throw mixed('--keys beside --mapping', 'the file says it of each entity')
  if (mask !== undefined)
    throw mixed('--keys beside --mask', 'a test system gets the keys as they are')
  if (undoTransaction !== undefined || deleteAdded === true)
    throw mixed('--undo-transaction or --delete-added beside --keys', 'need one of them')
}

function mixed(found: string, wanted: string): AppError {
  return new AppError('cli.usage', `Cannot restore: found ${found}, ${wanted}`)
}

function formatRequest(
  shell: Shell,
  options: Options,
  { chosen, unproven }: { readonly chosen: Chosen; readonly unproven: Set<string> },
): RestoreRequest {
  const { out } = options
  const telling = formatTelling(shell, options, unproven)
  return {
    ...chosen,
    ...telling,
    entities: options.entity ?? [],
    records: options.record ?? [],
    fields: options.field ?? [],
    isDeleteAllowed: options.deleteAdded ?? false,
    isPlanOnly: options.planOnly ?? false,
    onConflict: options.onConflict ?? [],
    ...(options.keys !== undefined && { keys: options.keys }),
    ...(options.leaveOut !== undefined && { leaveOut: options.leaveOut }),
    ...(options.renamed !== undefined && { renamed: options.renamed }),
    ...(options.inexact !== undefined && { inexact: options.inexact }),
    mapFile: options.map,
    missingParents: options.missingParents ?? 'refuse',
    mayRunSideEffects: options.acceptSideEffects ?? false,
    ...(options.undoTransaction !== undefined && {
      undo: {
        isSkippingConflicts: options.skipConflicts ?? false,
        refused: telling.onUndecided,
      },
    }),
    ...(out !== undefined && { onPlanned: (whole) => writePlan(shell, out, whole) }),
  }
}

/** What is said and asked on the way. */
function formatTelling(shell: Shell, options: Options, unproven: Set<string>) {
  const { output } = shell
  return {
    onUndecided(refused: AgreedPlan) {
      output.event({ type: 'plan', ...refused })
      output.note(formatPlanNote(refused))
    },
    onProvenness(found: Provenness, target: string) {
      warnUnproven(output, found)
      if (found.proven === false) unproven.add(target)
    },
    agree: (agreed: AgreedPlan, facts: PlanFacts) => agree(shell, options, agreed, facts),
    onWritten(plan: AgreedPlan, summary: RestoreSummary) {
      const { point, target } = plan
      const proven = sayUnproven(unproven, plan)
      const document = { type: 'summary', point, target, ...summary, ...proven }
      output.summary(document, () => formatSummary(summary))
    },
  }
}

function sayUnproven(unproven: ReadonlySet<string>, { target }: AgreedPlan) {
  return unproven.has(target) ? { proven: false } : {}
}

async function agree(
  { confirm, output }: Shell,
  options: Options,
  agreed: AgreedPlan,
  { isEmpty, writes }: PlanFacts,
): Promise<void> {
  const { target } = agreed
  output.note(formatPlanNote(agreed))
  const what = `This writes ${formatCount(writes)} records to "${target}".`
  const given = options.confirm?.find((name) => name === target) ?? options.confirm?.[0]
  await confirm({ what, name: target, given, isHarmless: isEmpty })
}
