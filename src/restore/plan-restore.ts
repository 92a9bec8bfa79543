import type { SourceCut } from '#connector/connector'
import { entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { Catalogue } from '#record/schema'
import { formatPoint } from '#timeline/format-point'
import type { Point } from '#timeline/timeline-state'
import type { CompareDeps } from './compare-target.ts'
import { tellMoves } from './move-counters.ts'
import { orderEntities } from './order-entities.ts'
import { planEntity } from './plan-entity.ts'
import { PlanFindings } from './plan-findings.ts'
import type { PlanLines } from './plan-lines.ts'
import type { PlannedEntity, PlanRequest, PreparedRestore } from './prepared-restore.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import type { RestoreScope } from './restore-plan.ts'

/** `lines`: where every step is told; the caller disposes it. */
export type PlanningOptions = {
  readonly catalogue: Catalogue
  readonly cut: SourceCut
  readonly lines: PlanLines
  readonly signal: AbortSignal
}

/**
 * Works out what a restore would write, without writing: what the target lacks is inserted, what
 * differs is updated, what was added is deleted only when allowed.
 *
 * Reads the entities of the scope on the target at `cut`, and the point. Holds a few megabytes per
 * entity; the rows to write beyond that lie sealed in temporary files.
 */
export async function planRestore(
  deps: CompareDeps,
  request: PlanRequest,
  { catalogue, cut, lines, signal }: PlanningOptions,
): Promise<PreparedRestore> {
  const { point, state } = request
  const wanted = entitiesOf(request.scope, point).map((entity) => entityAt(state, point, entity))
  const { order } = orderEntities(wanted.map(({ schema }) => schema))
  const atByEntity = new Map(wanted.map((at) => [at.schema.entity, at]))
  await using stack = new AsyncDisposableStack()
  const entities: PlannedEntity[] = []
  const findings = new PlanFindings(request, wanted, catalogue)
  for (const entity of order) {
    const at = atByEntity.get(entity)
    if (at === undefined) continue
    const described = catalogue.entities.find((one) => one.entity === entity) ?? null
    refuseUnreadable(described)
    const planning = { at, cut, described, findings, lines, request, stack }
    const planned = await planEntity(deps, planning, signal)
    if (planned !== null) entities.push(planned)
  }
  const steps = entities.map(({ step }) => step)
  const address = formatPoint(state.source, point)
  const { target } = request
  const { notRestored } = point.catalogue
  const schemaOf = (entity: EntityName) =>
    point.factsOf(entity) && entityAt(state, point, entity).schema
  const found = await findings.tell({ catalogue, cut, schemaOf, signal })
  const told = { ...found, ...tellMoves(entities) }
  const plan = { point: address, target, steps, notRestored, ...told }
  const writesHash = lines.hash()
  const kept = stack.move()
  return { plan, writesHash, point, entities, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The entities that a restore of `point` is about, known there or not. */
export function entitiesOf(scope: RestoreScope, point: Point): readonly EntityName[] {
  switch (scope.kind) {
    case 'all':
      return point.entities.map(({ entity }) => entity)
    case 'entities':
      return [...new Set([...scope.entities, ...(scope.records ?? []).map(({ entity }) => entity)])]
    case 'records':
      return [...new Set(scope.records.map(({ entity }) => entity))]
  }
}
