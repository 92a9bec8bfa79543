import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EntityName, formatEntityName } from '#record/entity-name'
import type { ForeignKey, SchemaVersion } from '#record/schema'
import { orderEntities } from './order-entities.ts'

test('orderEntities() puts every entity after those it refers to, unless they are in a cycle', () => {
  const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 })
  fc.assert(
    fc.property(edges, (pairs) => {
      const schemas = Array.from({ length: 8 }, (_, i) =>
        aSchema(
          name(i),
          pairs.filter(([from]) => from === i).map(([, to]) => name(to)),
        ),
      )
      const { cyclic, order } = orderEntities(schemas)
      expect([...order].sort()).toEqual(schemas.map(({ entity }) => entity).sort())
      for (const [from, to] of pairs) {
        const reaches = canReach(pairs, to, from)
        if (reaches) expect(cyclic.has(name(from)) && cyclic.has(name(to))).toBe(true)
        else expect(order.indexOf(name(to))).toBeLessThan(order.indexOf(name(from)))
      }
      for (const entity of cyclic) {
        const index = schemas.findIndex((schema) => schema.entity === entity)
        expect(pairs.some(([from, to]) => from === index && canReach(pairs, to, index))).toBe(true)
      }
    }),
  )
})

test('orderEntities() puts what acts after what it refers to, in a cycle too', () => {
  const acting = (from: number, to: number, others: readonly number[]) => {
    const schema = aSchema(name(from), [name(to), ...others.map(name)])
    const [first, ...more] = schema.foreignKeys
    return { ...schema, foreignKeys: first ? [{ ...first, onDelete: 'CASCADE' }, ...more] : [] }
  }
  // Round and round: 0 -> 2 -> 1 -> 0, of which one waits.
  const cycle = [acting(0, 2, []), acting(1, 0, []), aSchema(name(2), [name(1)])]
  expect(orderEntities(cycle).order).toEqual([name(2), name(0), name(1)])
  const other = [aSchema(name(0), [name(2)]), acting(1, 0, []), acting(2, 1, [])]
  expect(orderEntities(other).order).toEqual([name(0), name(1), name(2)])
  const all = [acting(0, 2, []), acting(1, 0, []), acting(2, 1, [])]
  expect([...orderEntities(all).order].sort()).toEqual([name(0), name(1), name(2)])
})

test('orderEntities() ignores references to entities that are not there', () => {
  const { cyclic, order } = orderEntities([aSchema(name(0), [name(5)])])
  expect(order).toEqual([name(0)])
  expect(cyclic.size).toBe(0)
})

function canReach(
  pairs: readonly (readonly [number, number])[],
  from: number,
  to: number,
): boolean {
  const seen = new Set([from])
  for (const at of seen) for (const [a, b] of pairs) if (a === at) seen.add(b)
  return seen.has(to)
}

function name(index: number): EntityName {
  return formatEntityName([`e${index}`])
}

function aSchema(entity: EntityName, references: readonly EntityName[]): SchemaVersion {
  const foreignKeys = references.map((to): ForeignKey => {
    const actions = { onDelete: 'NO ACTION', onUpdate: 'NO ACTION', isDeferrable: false }
    return { name: `fk_${to}`, fields: ['a'], entity: to, referencedFields: ['id'], ...actions }
  })
  return {
    entity,
    version: 1,
    generation: 1,
    layout: 1,
    sourceId: null,
    fieldIdMax: 0,
    fields: [],
    sourceOrder: [],
    key: { kind: 'digest' },
    foreignKeys,
    definition: null,
  }
}
