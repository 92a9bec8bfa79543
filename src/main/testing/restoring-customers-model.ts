import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { chooseCustomers } from '#app/choose-customers'
import { signal } from '#vault/testing/a-vault'
import { aCrossing, type Side } from './a-crossing.ts'
import { createTables, readAllRows, writeRows } from './random-sql.ts'
import {
  damage,
  layOut,
  namedBy,
  printRows,
  type Row,
  type Rows,
  someDamage,
  someTables,
  type Table,
} from './random-tables.ts'
import {
  askedRuns,
  countShapes,
  type MakeSide,
  NOTHING,
  proveMove,
  type Runs,
  type Shapes,
  withParents,
} from './restoring-model.ts'

const aStory = fc.record({
  drawn: someTables,
  damage: someDamage,
  /** Whether a capture saw the damage. */
  isCaptured: fc.boolean(),
})

/** `changed`: the damage hit the customer, and not only others. */
type CustomerShapes = Shapes & { readonly polymorphic: number; readonly changed: number }

/**
 * Puts one customer of each of so many random systems back into the system itself, after random damage:
 * what hangs on it over tables of any shape, and over a polymorphic link, is as it was; what that needs
 * and is gone comes with it; everything else stays as somebody made it.
 */
export async function proveCustomers(make: MakeSide, few: Runs): Promise<CustomerShapes> {
  const shapes = { ...NOTHING, polymorphic: 0, changed: 0 }
  await fc.assert(
    fc.asyncProperty(aStory, async ({ isCaptured, ...story }) => {
      const { rows, tables } = layOut(story.drawn, true)
      const customer = [...rows].flatMap(([table, held]) => {
        const row = table.name === 't0' ? held.get('["1"]') : undefined
        return row === undefined ? [] : [[table, row] as const]
      })
      if (customer.length === 0) return
      await using erp = await make()
      await createTables(erp, tables)
      await writeRows(erp, rows)
      const crossing = await aCrossing({ erp })
      const { vault } = crossing
      const read = () => readAllRows(erp, tables)
      await crossing.backUp('erp')
      await vault.putDocument('customers', formatMap(erp, tables), signal)
      const damaged = damage(rows, story.damage)
      await writeRows(erp, damaged)
      if (isCaptured) await crossing.backUp('erp')
      const asked = { ids: ['erp=1'], point: 'erp@1', to: ['erp'], file: undefined }
      const deps = { configPath: '/nowhere/holdfast.yaml' }
      const chosen = await chooseCustomers(deps, vault, asked, signal)
      const owned = findOwned(rows, customer)
      const wanted = withParents(damaged, rows, owned)
      countShapes(shapes, tables)
      shapes.picked += 1
      shapes.polymorphic += owned.some(([{ shape }]) => shape === 'note') ? 1 : 0
      shapes.changed += isDeepStrictEqual(printRows(wanted), printRows(damaged)) ? 0 : 1
      const change = { ...chosen, missingParents: 'create' as const }
      const told = { crossing, read, shapes, what: `${owned.length} records` }
      await proveMove(told, { target: 'erp', change, damaged, wanted })
    }),
    askedRuns() ?? { ...few, endOnFailure: true },
  )
  console.info(`customers restored at random: ${JSON.stringify(shapes)}`)
  return shapes
}

/** Of the few runs that are the same every time. */
export function expectEveryCustomerShape({ refused: _, ...shapes }: CustomerShapes): void {
  const { laidOver: __, whole: ___, ...wanted } = shapes
  if (askedRuns() === undefined) expect(Math.min(...Object.values(wanted))).toBeGreaterThan(0)
}

/** The customer, and whatever hangs on it by links that the map calls `child`, over any number of them. */
function findOwned(rows: Rows, roots: readonly (readonly [Table, Row])[]): [Table, Row][] {
  const owned = new Set<Row>(roots.map(([, row]) => row))
  const found = roots.map(([table, row]): [Table, Row] => [table, row])
  for (const [of, owner] of found) {
    const key = JSON.stringify(of.key.map((name) => owner[name]))
    for (const [table, held] of rows) {
      if (table.key.length === 0) continue
      const links = table.links.filter(({ kind, to }) => to === of && kind === 'child')
      for (const row of held.values()) {
        if (owned.has(row) || !links.some((link) => namedBy(link, row) === key)) continue
        owned.add(row)
        found.push([table, row])
      }
    }
  }
  return found
}

function formatMap({ kind }: Side, tables: readonly Table[]): string {
  const schema = { postgres: 'public.', mariadb: '', sqlite: 'main.' }[kind]
  const keyed = tables.filter(({ key }) => key.length > 0)
  const bare = tables.filter(({ key }) => key.length === 0)
  const entities = keyed.map(({ links, name, shape }) => {
    const role = name === 't0' ? 'customer' : shape === 'join' ? 'join' : 'contact'
    const lines = links.map((link) => {
      const when = link.when === undefined ? '' : `, when: { ${link.when}: ${link.to.name} }`
      const { fields, to } = link
      return `          - { fields: [${fields.join(', ')}], to: ${schema}${to.name}, kind: ${link.kind}${when} }\n`
    })
    const said = lines.length === 0 ? '' : `        links:\n${lines.join('')}`
    return `      ${schema}${name}:\n        role: ${role}\n${said}`
  })
  const leftOut = `    leftOut: [${bare.map(({ name }) => `${schema}${name}`).join(', ')}]\n`
  return `version: 1\nsources:\n  erp:\n    entities:\n${entities.join('')}${leftOut}`
}
