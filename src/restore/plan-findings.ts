import type { EntityAt } from '#history/entity-at'
import type { RecordPair } from '#history/pair-versions'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, SchemaVersion } from '#record/schema'
import { ClosedPeriods, tellClosed } from './closed-periods.ts'
import { type FindMissing, type Need, NeededRecords, needsOf } from './needed-records.ts'
import type { PlanRequest } from './prepared-restore.ts'
import { type FindReferred, ReferringRecords } from './referring-records.ts'
import type { Conflict, RestoreScope, TargetPlan } from './restore-plan.ts'

/** What planning finds out over all entities, and tells when they are all planned. */
export class PlanFindings {
  /** Whoever decides on the records of an entity adds its own. */
  readonly conflicts: Conflict[] = []
  readonly #closed: ClosedPeriods
  readonly #needed: NeededRecords
  readonly #referring: ReferringRecords

  constructor(request: PlanRequest, wanted: readonly EntityAt[], catalogue: Catalogue) {
    const { isDeleteAllowed, posting = [], scope } = request
    this.#needed = new NeededRecords(listNeeds(wanted, request), isWholeIn(scope))
    this.#closed = new ClosedPeriods(posting)
    this.#referring = new ReferringRecords(isDeleteAllowed ? catalogue : { entities: [] })
  }

  /** @param written fields; `null` for the whole record */
  note(
    schema: SchemaVersion,
    op: 'insert' | 'update' | 'delete',
    pair: RecordPair,
    written: readonly string[] | null,
  ): void {
    this.#needed.note(schema, pair, written)
    this.#closed.note(schema, pair, written)
    this.#referring.note(schema, op, pair, written)
  }

  /** Looks in the target for what planned rows need, and for what refers to those that go. */
  async tell(
    where: FindMissing & FindReferred,
  ): Promise<Pick<TargetPlan, 'adjusting' | 'conflicts' | 'missing' | 'referred'>> {
    const { conflicts } = this
    const missing = await this.#needed.findMissing(where)
    const referred = await this.#referring.findReferred(where)
    return {
      ...(conflicts.length > 0 && { conflicts }),
      ...(missing.length > 0 && { missing }),
      ...(referred.length > 0 && { referred }),
      ...tellClosed(this.#closed),
    }
  }
}

/** What the rows of these entities need: as the map says it, and as foreign keys do. */
function listNeeds(wanted: readonly EntityAt[], { links = [] }: PlanRequest): Need[] {
  const keys = wanted.flatMap(({ schema }) => needsOf(schema))
  const isSaid = (key: Need) =>
    links.some(({ elsewhere, entity, fields, to }) => {
      const isOne = entity === key.entity && to === key.to && elsewhere === undefined
      return isOne && fields.join() === key.fields.join()
    })
  return [...links, ...keys.filter((key) => !isSaid(key))]
}

function isWholeIn(scope: RestoreScope): (entity: EntityName) => boolean {
  if (scope.kind === 'records') return () => false
  if (scope.kind === 'all') return () => true
  return (entity) => scope.entities.includes(entity)
}
