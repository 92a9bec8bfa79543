import * as z from 'zod'
import { isSameSystem } from '#record/cut'
import { CHANGED_MAX, compareSteps } from '#restore/compare-steps'
import { formatPlanFile, type PlanFile, readPlanFile, readSteps, stepsOf } from '#restore/plan-file'
import { AppError } from '#stdx/app-error'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import { chooseCustomers } from './choose-customers.ts'
import type { Context } from './context.ts'
import type { RestoreRequest, TargetRequest, WholePlan } from './restore-request.ts'

/** What a plan file asks for, as far as this version knows it; what others add passes through. */
const requestSchema = z.looseObject({
  entities: z.array(z.string()),
  records: z.array(z.string()),
  fields: z.array(z.string()),
  isDeleteAllowed: z.boolean(),
  mapping: z.string().optional(),
  undo: z.strictObject({ isSkippingConflicts: z.boolean() }).optional(),
  customers: z
    .strictObject({ ids: z.array(z.string()), points: z.array(z.string()), map: z.string() })
    .optional(),
})

/** What a restore that follows a plan file still has to be told. */
export type PlanCallbacks = Pick<RestoreRequest, 'agree'> &
  Partial<RestoreRequest> & { readonly refused: (plan: WholePlan['plans'][number]) => void }

/**
 * The request that a plan file was made with. It is planned again, and refused where that gives
 * another plan than the file: what is written is what the file says.
 *
 * @throws restore.plan-invalid | restore.plan-void
 */
export async function readPlanRequest(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  { callbacks, path }: { readonly path: string; readonly callbacks: PlanCallbacks },
  signal: AbortSignal,
): Promise<RestoreRequest> {
  const file = await readPlanFile(path)
  if (file.vault !== vault.id) throw otherVault(path, file.vault, vault.id)
  const asked = requestSchema.safeParse(file.request).data
  if (asked === undefined) {
    const message = `Cannot take up plan "${path}": its request is of another version`
    throw new AppError('restore.plan-invalid', message, { path })
  }
  const { refused, ...told } = callbacks
  const { customers, mapping, undo, ...rest } = asked
  refuseOtherMapping(file, mapping, told.mapping?.mapping.hash)
  const targets = await chooseAgain(deps, vault, { ...told, customers, file }, signal)
  return {
    ...rest,
    ...told,
    targets,
    ...(customers !== undefined && { customers }),
    ...(undo !== undefined && { undo: { ...undo, refused } }),
    isPlanOnly: false,
    onPlanned: (plan) => refuseOther(path, file, plan),
  }
}

/** @throws restore.plan-invalid | restore.plan-void */
function refuseOtherMapping(
  { plan }: PlanFile,
  made: string | undefined,
  given: string | undefined,
): void {
  if (made === given) return
  if (made !== undefined && given !== undefined) {
    const found = 'the mapping file has changed since it was made'
    throw new AppError('restore.plan-void', `Cannot carry out plan ${short(plan)}: ${found}`)
  }
  const found =
    given === undefined ? 'it follows a mapping file, need --mapping' : 'it follows no mapping file'
  throw new AppError('restore.plan-invalid', `Cannot carry out plan ${short(plan)}: ${found}`)
}

type ChoosingAgain = Pick<RestoreRequest, 'mapFile'> & {
  readonly customers: z.infer<typeof requestSchema>['customers']
  readonly file: PlanFile
}

/** @throws restore.plan-void when the customer map is another one */
async function chooseAgain(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  { customers, file, mapFile }: ChoosingAgain,
  signal: AbortSignal,
): Promise<readonly TargetRequest[]> {
  if (customers === undefined) {
    return file.targets.map(({ point, target, undoes, undone }) => {
      return { point: undone ?? point, target, ...(undoes !== undefined && { undoes }) }
    })
  }
  const { ids, map, points } = customers
  const to = file.targets.map(({ point, target }) => {
    return `${parsePointAddress(point).source}=${target}`
  })
  const point = file.targets.length === 1 ? (file.targets[0]?.point ?? '') : '@'
  const asked = { ids, point, points, to, file: mapFile }
  const chosen = await chooseCustomers(deps, vault, asked, signal)
  if (chosen.customers.map === map) return chosen.targets
  const found = 'the customer map has changed since it was made'
  throw new AppError('restore.plan-void', `Cannot carry out plan ${short(file.plan)}: ${found}`)
}

/** @throws restore.plan-void naming records whose steps are other ones now */
async function refuseOther(path: string, file: PlanFile, again: WholePlan): Promise<void> {
  if (again.plan === file.plan) return
  refuseOtherSystem(file, again)
  const { count, names } = await compareSteps(readSteps(path), allSteps(again))
  const all = count > CHANGED_MAX ? `more than ${CHANGED_MAX}` : String(count)
  const more = count > names.length ? ' and others' : ''
  const found =
    count === 0
      ? 'what is asked for is no more the same'
      : `${all} ${count === 1 ? 'record' : 'records'} changed since it was made, ${names.join(', ')}${more}`
  const message = `Cannot carry out plan ${short(file.plan)}: ${found}`
  throw new AppError('restore.plan-void', message, { plan: file.plan, count, records: names })
}

/** A name of the configuration may have come to mean another system since. */
function refuseOtherSystem({ plan, targets }: PlanFile, again: WholePlan): void {
  for (const [i, { identity, target }] of targets.entries()) {
    const now = again.targets[i]
    if (now === undefined || isSameSystem(now.identity, identity)) continue
    const found = `"${target}" is another system than it was made for`
    const message = `Cannot carry out plan ${short(plan)}: ${found}`
    throw new AppError('restore.plan-void', message, { plan, target })
  }
}

/** The file of a plan, in pieces that end with a line. */
export function formatPlan(whole: WholePlan): AsyncIterable<Uint8Array> {
  return formatPlanFile(whole, whole.plans, whole.steps)
}

async function* allSteps({ steps }: WholePlan) {
  for (const lines of steps) yield* stepsOf(lines)
}

function otherVault(path: string, found: string, wanted: string): AppError {
  const message = `Cannot take up plan "${path}": it is for vault ${found}, need ${wanted}`
  return new AppError('restore.plan-invalid', message, { path })
}

function short(hash: string): string {
  return hash.slice(0, 12)
}
