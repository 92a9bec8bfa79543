import type { Target } from '#connector/connector'
import type { EntityWrites, SideEffect, WriteOp } from '#connector/side-effect'
import { AppError } from '#stdx/app-error'
import type { PlannedEntity, PreparedRestore } from './prepared-restore.ts'
import type { RestorePlan } from './restore-plan.ts'

type Unguarded<Prepared extends PreparedRestore> = {
  readonly prepared: Prepared
  readonly target: Target
  /** What programs around the source do by themselves, as far as somebody said so. */
  readonly declared?: readonly SideEffect[]
  /** A person said that what cannot be kept quiet may run. */
  readonly isAccepted: boolean
}

/**
 * Finds what the planned writes would set off in the target. The plan that comes back lists it, and
 * the target lets run only what is listed there and was accepted: what somebody makes between the
 * plan and the write does not run either.
 *
 * @throws connector.denied when the target does not show what would run
 */
export async function guardSideEffects<Prepared extends PreparedRestore>(
  { declared = [], isAccepted, prepared, target }: Unguarded<Prepared>,
  signal: AbortSignal,
): Promise<{ prepared: Prepared; target: Target }> {
  const writes = listWrites(prepared.entities)
  const sideEffects = [
    ...(await target.listSideEffects(writes, signal)),
    ...declared.filter((one) => writes.some(({ entity }) => entity === one.entity)),
  ]
  return {
    prepared: { ...prepared, plan: { ...prepared.plan, sideEffects } },
    target: letRun(target, isAccepted ? sideEffects : []),
  }
}

/** @throws restore.side-effects */
export function refuseSideEffects(
  { sideEffects = [], target }: RestorePlan,
  isAccepted: boolean,
): void {
  const loud = sideEffects.filter(({ state }) => state === 'runs')
  if (isAccepted || loud.length === 0) return
  const names = loud.slice(0, NAMED_MAX).map(({ kind, name }) => `${kind} ${name}`)
  const rest = loud.length > NAMED_MAX ? ` and ${loud.length - NAMED_MAX} more` : ''
  const found = `found what would run by itself and cannot be kept from it (${names.join(', ')}${rest})`
  const message = `Cannot write to "${target}": ${found}, need --accept-side-effects`
  throw new AppError('restore.side-effects', message, { target, sideEffects: loud })
}

function listWrites(entities: readonly PlannedEntity[]): EntityWrites[] {
  return entities.flatMap(({ described, step }) => {
    const ops: WriteOp[] = described === null ? ['create'] : []
    if (step.insert > 0) ops.push('insert')
    if (step.update > 0) ops.push('update')
    if (step.delete > 0) ops.push('delete')
    return ops.length === 0 ? [] : [{ entity: step.entity, ops }]
  })
}

/** The same target, whose writes let run by themselves what is `accepted`. */
function letRun(target: Target, accepted: readonly SideEffect[]): Target {
  return {
    identity: target.identity,
    ...(target.feed !== undefined && { feed: target.feed }),
    openCut: (signal) => target.openCut(signal),
    listSideEffects: (writes, signal) => target.listSideEffects(writes, signal),
    openWrite: (signal, since, schemas) => target.openWrite(signal, since, schemas, accepted),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}

const NAMED_MAX = 5
