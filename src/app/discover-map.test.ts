import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CustomerMap } from '#customer/customer-map'
import { discoverMap } from '#customer/discover-map'
import type { SourceAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { DEMO_CUSTOMER_MAP } from '#demo/customer-map'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import { type VaultOfFiles, vaultOfDemo, vaultOfSql } from './testing/vault-of-files.ts'

const deps = { random: systemRandom, tempDir: tmpdir(), begin: () => {} }
let demo: VaultOfFiles

beforeAll(async () => {
  demo = await vaultOfDemo({ seed: 'holdfast', customerCount: 400 })
}, 60_000)
afterAll(() => demo[Symbol.dispose]())

async function discover(sources: readonly SourceAt[]) {
  const found = await discoverMap(deps, sources, signal)
  return { ...found, map: parseMap(found.text, 'found') }
}

/** Every link as a line; with its kind, unless only where it leads matters. */
function linesOf({ entities }: CustomerMap, withKind = true): string[] {
  const lines = entities.flatMap(({ entity, links, source }) =>
    links.map(({ fields, kind, to, when }) => {
      const condition = when.map((one) => one.join('=')).join()
      const start = `${source} ${entity} ${fields.join()} ${condition}`
      return `${start}> ${to.source} ${to.entity}${withKind ? ` ${kind}` : ''}`
    }),
  )
  return lines.sort()
}

const PACK = parseMap(DEMO_CUSTOMER_MAP, 'the pack')

test('discoverMap() finds every link of the demo and of its pack, kinds and all, and no other', async () => {
  const { check, leftOut, map } = await discover(await demo.sourcesAt())
  expect(check).toMatchObject({ verdict: 'clean' })
  expect(linesOf(map)).toEqual(linesOf(PACK))
  expect(map.match).toEqual(PACK.match)
  expect(leftOut).toBe(1)
  expect(map.leftOut).toEqual(
    new Map([
      ['billing', []],
      ['crm', []],
      ['erp', ['main.gl_balance']],
    ]),
  )
  const likeness = ({ entities }: CustomerMap) => {
    return Object.fromEntries(
      entities.map(({ entity, identity: { phone, postcode, street } }) => {
        return [entity, [phone, postcode, street]]
      }),
    )
  }
  expect(likeness(map)).toEqual(likeness(PACK))
  const roles = (one: CustomerMap) => {
    return Object.fromEntries(one.entities.map(({ entity, role }) => [entity, role]))
  }
  expect(roles(map)).toEqual(roles(PACK))
})

test('discoverMap() finds most links from names and values alone', async () => {
  const sources = (await demo.sourcesAt()).map((one) => ({ ...one, state: withoutKeys(one.state) }))
  const { check, map } = await discover(sources)
  expect(check).toMatchObject({ verdict: 'clean' })
  const wanted = linesOf(PACK, false)
  const found = linesOf(map, false)
  const right = found.filter((line) => wanted.includes(line))
  expect(right.length / wanted.length).toBeGreaterThan(0.95)
  expect(right.length / found.length).toBeGreaterThan(0.95)
})

const GERMAN = `
  CREATE TABLE Kunde (KundenNr TEXT PRIMARY KEY, Name1 TEXT, UStID TEXT, UebergeordneterKunde TEXT);
  CREATE TABLE Rechnung (RechnungsNr TEXT PRIMARY KEY, KundenNr TEXT NOT NULL, Waehrung TEXT, Betrag REAL);
  CREATE TABLE Rechnungsposition (RechnungsNr TEXT, Pos INTEGER, ArtikelNr TEXT, PRIMARY KEY (RechnungsNr, Pos));
  CREATE TABLE Artikel (ArtikelNr TEXT PRIMARY KEY, Text TEXT);
  CREATE TABLE Mahnung (Id INTEGER PRIMARY KEY, RechnungsNr TEXT, Stufe INTEGER);
  CREATE TABLE Waehrung (Code TEXT PRIMARY KEY);
  CREATE TABLE Anhang (Id INTEGER PRIMARY KEY, BezugTyp TEXT, BezugId TEXT, Datei TEXT);
  INSERT INTO Waehrung VALUES ('EUR'), ('CHF');
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO Kunde SELECT printf('K-%05d', i), 'Firma ' || i, 'DE' || (100000000 + i),
      CASE WHEN i % 7 = 0 THEN printf('K-%05d', i / 7) END FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO Rechnung SELECT printf('R2026-%04d', i), printf('K-%05d', 1 + i % 60), iif(i % 3, 'EUR', 'CHF'), i * 1.5 FROM n;
  INSERT INTO Artikel SELECT printf('ART-%03d', rowid), 'Teil' FROM Kunde LIMIT 40;
  INSERT INTO Rechnungsposition SELECT RechnungsNr, 1, printf('ART-%03d', 1 + rowid % 40) FROM Rechnung;
  INSERT INTO Mahnung SELECT rowid, RechnungsNr, 1 + rowid % 3 FROM Rechnung WHERE rowid % 5 = 0;
  INSERT INTO Anhang SELECT rowid, 'Rechnung', RechnungsNr, 'a.pdf' FROM Rechnung WHERE rowid % 4 = 0;
  INSERT INTO Anhang SELECT rowid + 1000, 'Kunde', KundenNr, 'b.pdf' FROM Kunde WHERE rowid % 3 = 0
`

test('discoverMap() reads German names, hierarchies and polymorphic links that nobody declared', async () => {
  using system = await vaultOfSql({ wawi: GERMAN })
  const { check, map, text } = await discover(await system.sourcesAt())
  expect(check, text).toMatchObject({ verdict: 'clean' })
  expect(linesOf(map)).toEqual(
    [
      'wawi main.Anhang BezugId BezugTyp=Kunde> wawi main.Kunde child',
      'wawi main.Anhang BezugId BezugTyp=Rechnung> wawi main.Rechnung child',
      'wawi main.Kunde UebergeordneterKunde > wawi main.Kunde reference',
      'wawi main.Mahnung RechnungsNr > wawi main.Rechnung child',
      'wawi main.Rechnung KundenNr > wawi main.Kunde child',
      'wawi main.Rechnung Waehrung > wawi main.Waehrung reference',
      'wawi main.Rechnungsposition ArtikelNr > wawi main.Artikel reference',
      'wawi main.Rechnungsposition RechnungsNr > wawi main.Rechnung child',
    ].sort(),
  )
  const roles = map.entities.map(({ entity, role }) => [entity, role])
  expect(Object.fromEntries(roles)).toEqual({
    'main.Anhang': 'other',
    'main.Artikel': 'other-reference',
    'main.Kunde': 'customer',
    'main.Mahnung': 'dunning',
    'main.Rechnung': 'invoice',
    'main.Rechnungsposition': 'invoice-line',
    'main.Waehrung': 'currency',
  })
})

test('a link that the data contradict is a remark, with the count', async () => {
  using system = await vaultOfSql({
    wawi: `${GERMAN}; UPDATE Mahnung SET RechnungsNr = 'R0' WHERE Id = 5`,
  })
  const { check, maybes, text } = await discover(await system.sourcesAt())
  expect(check.verdict).toBe('clean')
  expect(maybes).toBe(1)
  expect(text).toMatch(
    /# maybe, 0\.\d\d: 1 of 40 name none; .*\n *# - \{ fields: \[RechnungsNr\], to: main\.Rechnung/,
  )
})

const SHOP = `
  CREATE TABLE address (address_id INTEGER PRIMARY KEY, street TEXT, postal_code TEXT);
  CREATE TABLE store (store_id INTEGER PRIMARY KEY, address_id INTEGER REFERENCES address (address_id));
  CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT,
    store_id INTEGER REFERENCES store (store_id), address_id INTEGER REFERENCES address (address_id));
  CREATE TABLE rental (rental_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (customer_id),
    delivery_postal_code TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    INSERT INTO address SELECT i, 'Street ' || i, printf('%05d', 10000 + 7 * i) FROM n;
  INSERT INTO store VALUES (1, 1), (2, 2);
  INSERT INTO customer SELECT address_id, 'c' || address_id || '@a.example', 1 + address_id % 2, address_id FROM address;
  INSERT INTO rental SELECT address_id, address_id, postal_code FROM address
`

test("discoverMap() takes a postal code for no key, and a store that many share for nobody's", async () => {
  using system = await vaultOfSql({ shop: SHOP })
  const { map } = await discover(await system.sourcesAt())
  expect(linesOf(map)).toEqual([
    'shop main.customer address_id > shop main.address reference',
    'shop main.customer store_id > shop main.store reference',
    'shop main.rental customer_id > shop main.customer child',
    'shop main.store address_id > shop main.address reference',
  ])
  const roles = map.entities.map(({ entity, role }) => [entity, role])
  expect(Object.fromEntries(roles)).toEqual({
    'main.address': 'address',
    'main.customer': 'customer',
    'main.rental': 'other',
    'main.store': 'other-reference',
  })
})

test('discoverMap() of a vault without points is a map without sources', async () => {
  const { check, map } = await discover([])
  expect(check.verdict).toBe('clean')
  expect(map.entities).toEqual([])
})

const name = fc.oneof(
  fc.constantFrom('a', 'no', 'null', 'a b', 'ü:#', '- x', '"q"', '1', 'true', 'x,y'),
  fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/[\0\ud800-\udfff]/.test(text)),
)
const tables = fc.uniqueArray(name, {
  minLength: 1,
  maxLength: 4,
  selector: (one) => one.toLowerCase(),
})
const schema = fc.record({
  tables,
  columns: fc.tuple(name, name),
  points: fc.array(fc.nat(3), { maxLength: 5 }),
})

test('whatever a schema looks like, what is found parses, is clean and says every constraint', async () => {
  await fc.assert(
    fc.asyncProperty(schema, async ({ columns: [key, ref], points, tables: names }) => {
      fc.pre(key.toLowerCase() !== ref.toLowerCase() && !names.some((one) => /^sqlite_/i.test(one)))
      const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
      // Each table points to the next in the list, so there are cycles and self-references.
      const sql = names.map((one, i) => {
        const to = names[(points[i] ?? 0) % names.length] ?? one
        return `CREATE TABLE ${quote(one)} (${quote(key)} INTEGER PRIMARY KEY, ${quote(ref)} INTEGER
          REFERENCES ${quote(to)} (${quote(key)})); INSERT INTO ${quote(one)} VALUES (1, 2), (2, 1), (3, NULL)`
      })
      using system = await vaultOfSql({ any: sql.join(';') })
      system.exec(
        'any',
        'CREATE TABLE customer (id INTEGER PRIMARY KEY, x INTEGER REFERENCES customer (id))',
      )
      await system.backUp()
      const { check, map } = await discover(await system.sourcesAt())
      expect(check.verdict).toBe('clean')
      expect(map.entities.some(({ role }) => role === 'customer')).toBe(true)
      expect(linesOf(map)).toContain('any main.customer x > any main.customer reference')
    }),
    { numRuns: 12 },
  )
}, 60_000)

/** The same timeline of a system that declares no constraint. */
function withoutKeys(state: SourceAt['state']): SourceAt['state'] {
  const schemas = [...state.schemas].map(([entity, versions]) => {
    return [entity, versions.map((one) => ({ ...one, foreignKeys: [] }))] as const
  })
  return { ...state, schemas: new Map(schemas) }
}
