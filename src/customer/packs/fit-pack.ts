import { AppError } from '#stdx/app-error'
import { formatYamlScalar } from '#stdx/format-yaml-scalar'
import { formatPoint } from '#timeline/format-point'
import type { CustomerMap, MapEntity } from '../customer-map.ts'
import { entitiesOf, mapAt, type SourceAt } from '../map-at.ts'
import type { IdentityField } from '../map-schema.ts'
import { parseMap } from '../parse-map.ts'
import { type FoundTables, findTables, replaceTables } from './find-tables.ts'
import type { Pack } from './pack.ts'

/** A pack as far as a point of a source bears it out. */
export type FittedPack = {
  /** What stands below the name of the source in the map. */
  readonly lines: readonly string[]
  readonly entities: number
  readonly links: number
  /** What the pack names and the point does not hold: entities, and fields with their entity. */
  readonly lacking: readonly string[]
  readonly identity: ReadonlySet<IdentityField>
}

/** Before a line that names what the point does not hold. */
export const LACKING_MARK = '#~ '

/**
 * Puts the names of an installation into a pack, and marks every line that names what a point of it
 * does not hold, so that what is left holds at this point and the rest can be had back.
 *
 * @throws customer.pack-unfit when not even the table of the parties is there
 */
export function fitPack(pack: Pack, at: SourceAt): FittedPack {
  const tables = findTables(
    pack,
    entitiesOf(at).map(({ entity }) => entity),
  )
  if (tables === undefined) {
    const point = formatPoint(at.source, at.point)
    const message = `Cannot fit the pack ${pack.name} to ${point}: found no table ${pack.anchor}`
    throw new AppError('customer.pack-unfit', message, { pack: pack.name, point })
  }
  const text = replaceTables(pack.text, (table) => formatYamlScalar(tables.nameOf(table)))
  const draft = new Draft(at, text)
  draft.dropEntities()
  draft.dropFields()
  const map = draft.read()
  return {
    lines: [...draft.body(), ...formatLeftOut(tables, map)],
    entities: map.entities.length,
    links: map.entities.reduce((sum, { links }) => sum + links.length, 0),
    lacking: draft.lacking,
    identity: new Set(map.entities.flatMap(({ identity }) => keysOf(identity))),
  }
}

/** The text of a pack while lines are marked in it; its lines keep their numbers. */
class Draft {
  readonly lacking: string[] = []
  readonly #at: SourceAt
  readonly #lines: string[]
  readonly #head: number

  constructor(at: SourceAt, text: string) {
    this.#at = at
    const head = ['version: 1', 'sources:', `  ${formatYamlScalar(at.source)}:`, '    entities:']
    this.#head = head.length - 1
    this.#lines = [...head, ...text.replace(/^\n|\n$/g, '').split('\n')]
  }

  read(): CustomerMap {
    return parseMap(this.#lines.join('\n'), 'the pack')
  }

  body(): readonly string[] {
    return this.#lines.slice(this.#head)
  }

  /** Entities that are not there, with the links to them. */
  dropEntities(): void {
    const { entities } = this.read()
    const there = new Set(entitiesOf(this.#at).map(({ entity }) => entity))
    for (const [i, { entity, line }] of entities.entries()) {
      if (there.has(entity)) continue
      this.lacking.push(entity)
      const next = entities[i + 1]?.line ?? this.#lines.length + 1
      // Up to the remarks of the next one.
      for (let at = line; at < next && this.#isOfEntity(at, line); at++) this.#mark(at)
    }
    for (const { links } of entities) {
      for (const { line, to } of links) if (!there.has(to.entity)) this.#mark(line)
    }
    this.#markEmptyLists(entities)
  }

  /** Identities and links whose fields are not there. */
  dropFields(): void {
    const { entities } = this.read()
    for (const found of mapAt(this.read(), [this.#at]).entities) {
      const names = found.at.schema.fields.map(({ name }) => name)
      for (const [key, field] of Object.entries(found.map.identity)) {
        if (field === undefined || names.includes(field)) continue
        this.lacking.push(`${found.map.entity} ${field}`)
        this.#dropIdentity(found.map.line, key)
      }
    }
    const owners = new Map(entities.flatMap(({ entity, links }) => links.map((l) => [l, entity])))
    const faulty = new Set(mapAt(this.read(), [this.#at]).problems.map(({ line }) => line))
    for (const [{ fields, line }, entity] of owners) {
      if (!faulty.has(line)) continue
      this.lacking.push(`${entity} ${fields.join(', ')}`)
      this.#mark(line)
    }
    this.#markEmptyLists(entities)
  }

  #isOfEntity(line: number, first: number): boolean {
    return line === first || /^ {8}/.test(this.#lines[line - 1] ?? '')
  }

  #mark(line: number): void {
    const text = this.#lines[line - 1] ?? ''
    if (/^\s*#/.test(text)) return
    this.#lines[line - 1] = text.replace(/\S/, (first) => `${LACKING_MARK}${first}`)
  }

  #dropIdentity(entityLine: number, key: string): void {
    const at = this.#lines.findIndex((text, i) => i >= entityLine && /^ {8}identity: /.test(text))
    const text = this.#lines[at] ?? ''
    const pairs = (/\{ (.*) \}/.exec(text)?.[1] ?? '').split(', ')
    const kept = pairs.filter((pair) => !pair.startsWith(`${key}: `))
    if (kept.length === 0) this.#mark(at + 1)
    else this.#lines[at] = text.replace(/\{ .* \}/, `{ ${kept.join(', ')} }`)
  }

  /** A list whose every link is marked would be no list. */
  #markEmptyLists(entities: readonly MapEntity[]): void {
    for (const { links } of entities) {
      const first = links[0]
      const isMarked = ({ line }: { readonly line: number }) =>
        this.#lines[line - 1]?.trimStart().startsWith(LACKING_MARK) === true
      if (first !== undefined && links.every(isMarked)) this.#mark(first.line - 1)
    }
  }
}

function formatLeftOut({ leftOut }: FoundTables, { entities }: CustomerMap): string[] {
  const named = new Set(entities.map(({ entity }) => entity))
  const rest = leftOut.filter((entity) => !named.has(entity))
  if (rest.length === 0) return []
  return ['    leftOut:', ...rest.map((entity) => `      - ${formatYamlScalar(entity)}`)]
}

function keysOf(identity: MapEntity['identity']): IdentityField[] {
  const named: readonly IdentityField[] = ['number', 'name', 'taxId', 'email', 'iban']
  return named.filter((name) => identity[name] !== undefined)
}
