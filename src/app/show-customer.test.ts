import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LINK_KINDS, type LinkKind } from '#customer/map-schema'
import { DEMO_CUSTOMER_MAP } from '#demo/customer-map'
import { signal } from '#vault/testing/a-vault'
import { type ShownCustomer, showCustomer } from './show-customer.ts'
import { type VaultOfFiles, vaultOfDemo, vaultOfSql } from './testing/vault-of-files.ts'

let demo: VaultOfFiles

beforeAll(async () => {
  demo = await vaultOfDemo({ seed: 'holdfast', customerCount: 120 }, DEMO_CUSTOMER_MAP)
}, 60_000)
afterAll(() => demo[Symbol.dispose]())

function show(
  { asking, vault }: VaultOfFiles,
  id: string,
  change: { at?: string[]; source?: string } = {},
) {
  const request = { id, source: change.source, at: change.at ?? [], file: undefined }
  return showCustomer(asking, vault, request, signal)
}

function counts({ records }: ShownCustomer): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { entity, way } of records) {
    if (way !== 'needed') found[entity] = (found[entity] ?? 0) + 1
  }
  return found
}

test('showCustomer() says which source the map does not have', async () => {
  await expect(show(demo, '500042', { source: 'crn' })).rejects.toMatchObject({
    code: 'customer.source-unknown',
    message: expect.stringMatching(/has no such source; did you mean "crm"\?$/),
  })
})

test('showCustomer() finds one customer in three systems with all that SQL finds', async () => {
  const shown = await show(demo, '500042')
  const found = counts(shown)
  const of = (system: string, sql: string) => count(demo.files[system] ?? '', sql)
  const invoices = "SELECT invoice_number FROM invoice WHERE debtor_id = 'D-DE-000042'"
  expect(found).toMatchObject({
    'main.account': 1,
    'main.customer': 1,
    'main.debtor': 1,
    'main.supplier': 1,
    'main.contact': of('crm', 'SELECT count(*) AS n FROM contact WHERE account_id = 500042'),
    'main.kyc_document': of(
      'crm',
      'SELECT count(*) AS n FROM kyc_document NATURAL JOIN kyc_case WHERE account_id = 500042',
    ),
    'main.invoice': of('billing', `SELECT count(*) AS n FROM (${invoices})`),
    'main.invoice_line': of(
      'billing',
      `SELECT count(*) AS n FROM invoice_line WHERE invoice_number IN (${invoices})`,
    ),
    'main.customer_partner': of(
      'erp',
      "SELECT count(*) AS n FROM customer_partner WHERE customer_number = '0000100042'",
    ),
  })
  expect(shown).toMatchObject({ isWhole: true, bounded: [] })
  // From whichever system one comes, it is the same customer.
  expect(counts(await show(demo, '0000100042'))).toEqual(found)
  expect(counts(await show(demo, 'D-DE-000042'))).toEqual(found)
})

test('showCustomer() answers as of a moment, and takes no more than bounds allow', async () => {
  const before = counts(await show(demo, '500042'))
  demo.exec(
    'billing',
    "DELETE FROM invoice_line WHERE invoice_number IN (SELECT invoice_number FROM invoice WHERE debtor_id = 'D-DE-000042')",
  )
  await demo.backUp()
  expect(counts(await show(demo, '500042'))['main.invoice_line']).toBeUndefined()
  expect(counts(await show(demo, '500042', { at: ['billing@1'] }))).toEqual(before)
  const bounded = DEMO_CUSTOMER_MAP.replace(
    '{ fields: [debtor_id], to: main.debtor }\n          - { fields: [cancels_invoice]',
    '{ fields: [debtor_id], to: main.debtor, rowsMax: 3 }\n          - { fields: [cancels_invoice]',
  )
  await demo.vault.putDocument('customers', bounded, signal)
  const shown = await show(demo, '500042', { at: ['billing@1'] })
  const all = before['main.invoice'] ?? 0
  expect(shown.bounded).toMatchObject([{ entity: 'main.invoice', found: all, taken: 3 }])
  await demo.vault.putDocument(
    'customers',
    DEMO_CUSTOMER_MAP.replace('match:', 'bounds: { rowsMax: 40 }\nmatch:'),
    signal,
  )
  const small = await show(demo, '500042')
  expect(small.isWhole).toBe(false)
  expect(small.records).toHaveLength(40)
  await demo.vault.putDocument('customers', DEMO_CUSTOMER_MAP, signal)
})

test('showCustomer() says what it looked for where, and refuses a number of two customers', async () => {
  await expect(show(demo, '42')).rejects.toMatchObject({
    code: 'customer.unknown',
    message: expect.stringContaining('crm main.account, erp main.customer, erp main.supplier'),
  })
  const map = `
version: 1
sources:
  a: { entities: { main.party: { role: customer } } }
  b: { entities: { main.party: { role: customer } } }
`
  const sql = 'CREATE TABLE party (id INTEGER PRIMARY KEY); INSERT INTO party VALUES (7)'
  using two = await vaultOfSql({ a: sql, b: sql }, map)
  await expect(show(two, '7')).rejects.toMatchObject({ code: 'customer.ambiguous' })
  expect((await show(two, '7', { source: 'b' })).records).toMatchObject([{ source: 'b', key: '7' }])
})

type Row = readonly (string | null)[]
type Link = {
  readonly from: number
  readonly to: number
  readonly kind: LinkKind
  readonly isByKey: boolean
  readonly isConditional: boolean
}

const value = fc.option(fc.constantFrom('1', '2', '3'), { freq: 5 })
/** Fields a and b are the key, of the first entity a alone; c and d point elsewhere, e is a type. */
const row = fc.tuple(
  fc.constantFrom('1', '2', '3'),
  fc.constantFrom('1', '2', '3'),
  value,
  value,
  fc.constantFrom('x', 'y'),
)
const ENTITIES = 3
const rowsOf = (isWide: boolean) =>
  fc.uniqueArray(row, { maxLength: 7, selector: ([a, b]) => (isWide ? `${a},${b}` : a) })
const world = fc.record({
  rows: fc.tuple(rowsOf(false), rowsOf(true), rowsOf(true)),
  links: fc.array(
    fc.record({
      from: fc.nat(ENTITIES - 1),
      to: fc.nat(ENTITIES - 1),
      kind: fc.constantFrom(...LINK_KINDS),
      isByKey: fc.boolean(),
      isConditional: fc.boolean(),
    }),
    { maxLength: 6 },
  ),
})

test('a closure is what a walk over every pair of records finds, in any knot of links', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ links: drawn, rows }) => {
      const links = drawn.filter(({ from, kind, to }) => kind !== 'same' || from !== to)
      fc.pre(rows[0].some(([a]) => a === '1'))
      using knot = await vaultOfSql({ any: rows.map(sqlOf).join(';') }, mapOf(links))
      const shown = await show(knot, '1')
      const told = shown.records.map(({ entity, key, way }) => {
        return `${entity.at(-1)}:${key} ${way === 'needed' ? 'needed' : 'owned'}`
      })
      expect(told.sort()).toEqual(walk(rows, links).sort())
    }),
    { numRuns: 40 },
  )
}, 120_000)

const FIELDS = ['a', 'b', 'c', 'd', 'e']
const keyFields = (entity: number) => (entity === 0 ? ['a'] : ['a', 'b'])

function sidesOf({ from, isByKey, to }: Link): { fields: string[]; toFields: string[] } {
  if (!isByKey) return { fields: ['c'], toFields: ['d'] }
  const toFields = keyFields(to)
  // Its own key may be what points elsewhere, in another order.
  return {
    fields:
      from === to ? ['c', 'd'].slice(0, toFields.length) : ['d', 'a'].slice(0, toFields.length),
    toFields,
  }
}

function mapOf(links: readonly Link[]): string {
  const entity = (i: number) => {
    const own = links
      .filter(({ from }) => from === i)
      .map((link) => {
        const { fields, toFields } = sidesOf(link)
        const when = link.isConditional ? ', when: { e: x }' : ''
        return `          - { fields: [${fields}], to: main.e${link.to}, toFields: [${toFields}], kind: ${link.kind}${when} }\n`
      })
    const head = `      main.e${i}:\n        role: ${i === 0 ? 'customer' : 'other'}\n`
    return head + (own.length > 0 ? `        links:\n${own.join('')}` : '')
  }
  return `version: 1\nsources:\n  any:\n    entities:\n${[0, 1, 2].map(entity).join('')}`
}

function sqlOf(rows: readonly Row[], i: number): string {
  const values = rows.map(
    (row) => `(${row.map((one) => (one === null ? 'NULL' : `'${one}'`)).join()})`,
  )
  const insert = values.length === 0 ? '' : `INSERT INTO e${i} VALUES ${values.join()}`
  return `CREATE TABLE e${i} (a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, PRIMARY KEY (${keyFields(i)})); ${insert}`
}

/** Pairs of records that meet over a link: the one that points, and the one it points to. */
function pairsOf(rows: readonly (readonly Row[])[], link: Link): [string, string][] {
  const { fields, toFields } = sidesOf(link)
  const pick = (row: Row, names: readonly string[]) => names.map((one) => row[FIELDS.indexOf(one)])
  const name = (entity: number, row: Row) => {
    const key = row.slice(0, keyFields(entity).length)
    return `${entity}:${key.map((one) => `"${one}"`).join()}`
  }
  const children = (rows[link.from] ?? []).filter((row) => {
    return !pick(row, fields).includes(null) && (!link.isConditional || row[4] === 'x')
  })
  return children.flatMap((child) =>
    (rows[link.to] ?? [])
      .filter((parent) => pick(child, fields).join() === pick(parent, toFields).join())
      .map((parent): [string, string] => [name(link.from, child), name(link.to, parent)]),
  )
}

function walk(rows: readonly (readonly Row[])[], links: readonly Link[]): string[] {
  const owned = new Set(['0:"1"'])
  const needed = new Set<string>()
  const steps = links.flatMap(({ kind, ...link }) => {
    return pairsOf(rows, { kind, ...link }).map(([child, parent]) => ({ kind, child, parent }))
  })
  for (let before = -1; before !== owned.size + needed.size; ) {
    before = owned.size + needed.size
    for (const { child, kind, parent } of steps) {
      if (kind !== 'reference' && owned.has(parent)) owned.add(child)
      if (kind === 'same' && owned.has(child)) owned.add(parent)
      if (kind !== 'same' && (owned.has(child) || needed.has(child))) needed.add(parent)
    }
  }
  const only = [...needed].filter((one) => !owned.has(one)).map((one) => `${one} needed`)
  return [...[...owned].map((one) => `${one} owned`), ...only]
}

function count(file: string, sql: string): number {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return Number(db.prepare(sql).get()?.['n'])
  } finally {
    db.close()
  }
}
