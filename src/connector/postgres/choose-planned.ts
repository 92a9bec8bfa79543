import { formatEntityName } from '#record/entity-name'
import type { SequenceDefinition, SharedDefinition, TableDefinition } from './definition.ts'

/**
 * What of the source's shared things the planned tables need. When every table of the source is
 * planned, that is all there is; a restore of single tables brings only the schemas, types and
 * sequences that they mention, directly or through each other.
 *
 * @param present what the target has; sequences that are there are not created again
 */
export function choosePlanned(
  shared: SharedDefinition,
  tables: readonly TableDefinition[],
  present: SharedDefinition,
): SharedDefinition {
  const planned = new Set(tables.flatMap((table) => [table, ...table.partitions]).map(entityText))
  const isWhole = shared.entities.every((entity) => planned.has(entity))
  const owned = shared.sequences.filter(({ owner }) => owner && planned.has(owner.entity))
  const chosen = isWhole ? shared : chooseMentioned(shared, [...tables, ...owned])
  const there = new Set(present.sequences.map(entityText))
  const free = chosen.sequences.filter(
    (sequence) => sequence.owner === null && !there.has(entityText(sequence)),
  )
  return { ...chosen, sequences: [...free, ...owned] }
}

function chooseMentioned(
  shared: SharedDefinition,
  planned: readonly (TableDefinition | SequenceDefinition)[],
): SharedDefinition {
  const mentioned = new Mentions(planned)
  const extensions = mentioned.choose(shared.extensions, ({ types }) => types)
  const free = shared.sequences.filter(({ owner }) => owner === null)
  const sequences = mentioned.choose(free, ({ name }) => [name])
  const types: Pick<SharedDefinition, 'domains' | 'composites' | 'ranges'> = {
    domains: [],
    composites: [],
    ranges: [],
  }
  // A type may mention one that was passed over before: again until nothing is found any more.
  for (let sizeBefore = -1; sizeBefore !== mentioned.size; ) {
    sizeBefore = mentioned.size
    types.domains = mentioned.choose(shared.domains, namesOf)
    types.composites = mentioned.choose(shared.composites, namesOf)
    types.ranges = mentioned.choose(shared.ranges, namesOf)
  }
  const enums = mentioned.choose(shared.enums, namesOf)
  const collations = mentioned.choose(shared.collations, ({ name }) => [name])
  const partitions = planned.flatMap((each) => ('partitions' in each ? each.partitions : []))
  const shapes = [...enums, ...collations, ...Object.values(types).flat(), ...sequences]
  const named = [...planned, ...partitions, ...shapes, ...extensions]
  const schemas = new Set(named.map(({ schema }) => schema))
  return {
    ...types,
    entities: shared.entities,
    schemas: shared.schemas.filter((name) => schemas.has(name)),
    extensions,
    collations,
    enums,
    sequences,
  }
}

function namesOf(type: { type: string; multirange?: string | null }): string[] {
  return type.multirange ? [type.type, type.multirange] : [type.type]
}

/** All text of a growing set of definitions. */
class Mentions {
  readonly #texts: string[] = []
  readonly #seen = new Set<object>()

  constructor(definitions: readonly object[]) {
    for (const definition of definitions) this.#add(definition)
  }

  get size(): number {
    return this.#texts.length
  }

  /** Those of `candidates` that are mentioned by one of their names; their own text counts then. */
  choose<Candidate extends object>(
    candidates: readonly Candidate[],
    names: (candidate: Candidate) => readonly string[],
  ): Candidate[] {
    const chosen = candidates.filter((candidate) =>
      names(candidate).some((name) => this.#texts.some((text) => text.includes(name))),
    )
    for (const candidate of chosen) this.#add(candidate)
    return chosen
  }

  #add(definition: object): void {
    if (this.#seen.has(definition)) return
    this.#seen.add(definition)
    for (const value of Object.values(definition)) this.#addValue(value)
  }

  #addValue(value: unknown): void {
    if (typeof value === 'string') this.#texts.push(value)
    if (typeof value !== 'object' || value === null) return
    for (const member of Object.values(value)) this.#addValue(member)
  }
}

function entityText({ schema, name }: { schema: string; name: string }): string {
  return formatEntityName([schema, name])
}
