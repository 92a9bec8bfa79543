import type { EntityName } from '#record/entity-name'

/** Something that runs by itself when rows are written, and that no plan can name the outcome of. */
export type SideEffect = {
  readonly kind: SideEffectKind
  /** As the system calls it; `*`: those that its user is not shown. */
  readonly name: string
  /** Whose writes set it off; `null`: the whole system's. */
  readonly entity: EntityName | null
  /** `quiet`: the write keeps it from running, inside its transaction. `runs`: it cannot. */
  readonly state: 'quiet' | 'runs'
}

/**
 * `event`: runs by the clock, over whatever rows it finds. `declared`: what a program outside does, which
 * no system can tell: a person said so.
 */
export type SideEffectKind = 'trigger' | 'rule' | 'event trigger' | 'event' | 'declared'

/** `create`: the table is made first. */
export type WriteOp = 'create' | 'insert' | 'update' | 'delete'

/** What is going to be done to an entity. */
export type EntityWrites = { readonly entity: EntityName; readonly ops: readonly WriteOp[] }

/** Whether a person knew of it when they agreed; whether it could be kept quiet then is no matter. */
export function isAccepted(
  { entity, kind, name }: Omit<SideEffect, 'state'>,
  accepted: readonly SideEffect[],
): boolean {
  return accepted.some((one) => one.kind === kind && one.name === name && one.entity === entity)
}
