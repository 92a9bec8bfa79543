import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { CustomerMap } from '#customer/customer-map'
import { findClosure } from '#customer/find-closure'
import { findCustomers } from '#customer/find-customers'
import { findParty } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { isAppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { signal, stillClock } from '#vault/testing/a-vault'
import { compactSource } from '../compact-source.ts'
import { silentProgress } from '../progress.ts'
import { indexIn, withIndex, withoutIndex } from '../testing/index-of.ts'
import { type VaultOfFiles, vaultOfSql } from '../testing/vault-of-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-index-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let folders = 0
const freshFolder = () => join(folder, String(++folders))

const MAP = parseMap(
  `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { number: number, name: name, taxId: vat }
        links: [{ fields: [parent], to: main.account, kind: reference }]
      main.note:
        role: other
        links:
          - { fields: [about], to: main.account, when: { kind: a } }
          - { fields: [about, kind], to: main.account, toFields: [parent, number] }
  erp:
    entities:
      main.debtor: { role: customer, identity: { name: name, taxId: vat, email: mail } }
      main.item: { role: invoice, links: [{ fields: [debtor], to: main.debtor }] }
`,
  'customers.yaml',
)

const text = (value: string | null) =>
  value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
const name = fc.option(
  fc.constantFrom('Müller & Söhne', 'muller', 'MULLER GmbH', 'a\tb', '', 'Sohn', '\\N', "O'Neil"),
  { freq: 6 },
)
const code = fc.option(fc.constantFrom('DE 1', 'de1', '2', '2.', ''), { freq: 4 })
const id = fc.integer({ min: 1, max: 9 })
const write = fc.oneof(
  fc.tuple(id, code, name, code, fc.option(id)).map(([key, number, called, vat, parent]) => {
    const values = [String(key), text(number), text(called), text(vat), String(parent ?? 'NULL')]
    return ['crm', `INSERT OR REPLACE INTO account VALUES (${values})`] as const
  }),
  fc.tuple(fc.option(id), fc.constantFrom('a', 'b', '2')).map(([about, kind]) => {
    return ['crm', `INSERT INTO note VALUES (${about ?? 'NULL'}, ${text(kind)}, 'x')`] as const
  }),
  fc.tuple(id, name, code, code).map(([key, ...rest]) => {
    return ['erp', `INSERT OR REPLACE INTO debtor VALUES (${[key, ...rest.map(text)]})`] as const
  }),
  fc.tuple(id, fc.option(id)).map(([key, debtor]) => {
    return ['erp', `INSERT OR REPLACE INTO item VALUES (${key}, ${debtor ?? 'NULL'})`] as const
  }),
  fc
    .tuple(fc.constantFrom('crm account', 'crm note', 'erp debtor', 'erp item'), id)
    .map(([place, key]) => {
      const [source = '', table = ''] = place.split(' ')
      const field = { account: 'id', note: 'about', debtor: 'id', item: 'id' }[table]
      return [source, `DELETE FROM ${table} WHERE ${field} = ${key}`] as const
    }),
)
const days = fc.array(fc.array(write, { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 4,
})
const EMPTY = {
  crm: `CREATE TABLE account (id INTEGER PRIMARY KEY, number TEXT, name TEXT, vat TEXT, parent INTEGER);
    CREATE TABLE note (about INTEGER, kind TEXT, body TEXT)`,
  erp: `CREATE TABLE debtor (id INTEGER PRIMARY KEY, name TEXT, vat TEXT, mail TEXT);
    CREATE TABLE item (id INTEGER PRIMARY KEY, debtor INTEGER)`,
}

async function live(system: VaultOfFiles, days: readonly (readonly (readonly string[])[])[]) {
  for (const day of days) {
    for (const [source = '', sql = ''] of day) system.exec(source, sql)
    await system.backUp()
  }
}

/** Everything that may be asked, at these sources. */
async function askAll(sources: readonly SourceAt[], map: CustomerMap = MAP) {
  const laid = mapAt(map, sources)
  const told: unknown[] = []
  for (const text of ['SÖHNE', 'de1', 'n', 'a b', ' ']) {
    const { found, matches } = await findCustomers(laid, { text, matchesMax: 5, signal })
    const lines = matches.map(({ by, entity, key, party, rank }) => {
      return [entity.map.entity, key, by, rank, party?.entity.map.entity, party?.key]
    })
    told.push([text, found, ...lines])
  }
  for (const id of ['1', 'DE 1']) {
    try {
      const roots = await findParty(laid, { id, source: undefined, signal })
      const { bounded, records } = await findClosure(laid, roots, { bounds: map.bounds, signal })
      const lines = records.map(({ entity, fields, key, way }) => {
        return [entity.map.entity, key, way.kind, fields]
      })
      told.push([id, bounded.length, ...lines])
    } catch (error) {
      if (!isAppError(error, 'customer.unknown')) throw error
      told.push([id, 'unknown'])
    }
  }
  return told
}

/** At the newest points, and at one in the middle of either source. */
async function* momentsOf({ sourcesAt, vault }: VaultOfFiles) {
  yield await sourcesAt()
  for (const source of ['crm', 'erp']) {
    const points = [...(await vault.readTimeline(source, signal)).points]
    const seq = points[points.length >> 1]?.seq
    yield await sourcesAt(`${source}@${seq}`)
  }
}

test('an index changes no answer, at any point, whatever became of the rows', async () => {
  const compactDeps = { clock: stillClock, random: systemRandom, progress: silentProgress }
  await fc.assert(
    fc.asyncProperty(days, fc.constantFrom(0, 2, 5), async (days, smallVersions) => {
      using system = await vaultOfSql(EMPTY)
      const index = indexIn(freshFolder())
      const expectSame = async () => {
        for await (const sources of momentsOf(system)) {
          const told = await askAll(withIndex(sources, index, smallVersions))
          expect(told).toEqual(await askAll(withoutIndex(sources)))
        }
      }
      await live(system, days)
      await expectSame()
      // Other segments, and points that are gone.
      const { basis, points } = await system.vault.readTimeline('crm', signal)
      const gone = points.slice(0, -1).flatMap(({ seq }) => (seq % 2 === 0 ? seq : []))
      if (gone.length > 0) {
        const proposal = { kind: 'expire' as const, basis, points: gone }
        const body = await system.vault.cosign('crm', proposal, signal)
        await system.vault.append(await system.vault.readTimeline('crm', signal), body, signal)
      }
      await compactSource(compactDeps, system.vault, 'crm', signal)
      await expectSame()
    }),
    { numRuns: 3 },
  )
}, 60_000)

const ROWS = 400
const MANY = {
  crm: `${EMPTY.crm};
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO account SELECT i, 'DE ' || i, 'Name ' || i || ' Müller', 'V' || i, i / 2 FROM n`,
  erp: `${EMPTY.erp};
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO debtor SELECT i, 'Debtor ' || i, 'V' || i, 'm' || i || '@x.example' FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${4 * ROWS})
    INSERT INTO item SELECT i, i % ${ROWS} FROM n`,
}

test('an index is made once, of new segments alone, and again when a file is of no use', async () => {
  using system = await vaultOfSql(MANY)
  const index = indexIn(freshFolder())
  const { folder } = index.place
  const ask = async (change = index) => askAll(withIndex(await system.sourcesAt(), change, 10))
  const expected = await askAll(withoutIndex(await system.sourcesAt()))
  const madeBy = async (change = index) => {
    change.made.length = 0
    expect(await ask(change)).toEqual(expected)
    return change.made.toSorted()
  }
  const all = ['account', 'debtor', 'item'].map((one) => `Indexing main.${one}`)
  expect(await madeBy()).toEqual(all)
  expect(await madeBy()).toEqual([])

  const files = () => readdirSync(folder).map((one) => join(folder, one))
  const [first = '', second = ''] = files()
  const was = readFileSync(first)
  const damages: (() => void)[] = [
    () => writeFileSync(first, was.subarray(0, was.length >> 1)),
    () => writeFileSync(first, ''),
    () => writeFileSync(first, Buffer.from(was).fill(1, 40, 60)),
    () => writeFileSync(first, Buffer.from(was).fill(1, was.length - 30)),
    () => copyFileSync(second, first),
    () => rmSync(first),
  ]
  for (const damage of damages) {
    damage()
    // Nothing was made where the file is of a column that nobody asked for.
    expect((await madeBy()).length).toBeLessThanOrEqual(1)
    expect(await madeBy()).toEqual([])
  }
  for (const file of files()) writeFileSync(file, readFileSync(file).fill(1, 40, 60))
  expect((await madeBy()).length).toBeGreaterThan(0)

  // Somebody with another key has to make it anew, and what is there does not help.
  const other = indexIn(folder, { key: new Uint8Array(32).fill(8) })
  expect(await madeBy(other)).toEqual(all)

  const sql = `INSERT INTO account SELECT id + ${ROWS}, number, name, vat, NULL FROM account`
  system.exec('crm', `${sql} WHERE id <= 50`)
  await system.backUp()
  index.made.length = 0
  const told = await askAll(withIndex(await system.sourcesAt(), index, 10))
  expect(told).toEqual(await askAll(withoutIndex(await system.sourcesAt())))
  expect(index.made).toEqual(['Indexing main.account'])
})

test('two at once make one index; where none can be written, or is too large, all is read', async () => {
  using system = await vaultOfSql(MANY)
  const sources = await system.sourcesAt()
  const expected = await askAll(withoutIndex(sources))
  const both = indexIn(freshFolder())
  const told = await Promise.all([1, 2].map(() => askAll(withIndex(sources, both, 10))))
  expect(told).toEqual([expected, expected])
  const names = readdirSync(both.place.folder)
  expect(names.filter((one) => !/^[0-9a-f]{40}$/.test(one))).toEqual([])

  // A folder under a file can be made by nobody, not even by root.
  const file = freshFolder()
  writeFileSync(file, '')
  const nowhere = indexIn(join(file, 'index'))
  expect(await askAll(withIndex(sources, nowhere, 10))).toEqual(expected)
  expect(nowhere.made).toEqual([])

  const small = indexIn(freshFolder(), { bytesMax: 12_000 })
  expect(await askAll(withIndex(sources, small, 10))).toEqual(expected)
  const bytes = readdirSync(small.place.folder).map(
    (one) => readFileSync(join(small.place.folder, one)).length,
  )
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(12_000)
})

test('an index spares reading rows', async () => {
  using system = await vaultOfSql(MANY)
  const index = indexIn(freshFolder())
  const bytesRead = async (isIndexed: boolean) => {
    const sources = await system.sourcesAt()
    let bytes = 0
    const counted = sources.map((one) => {
      const { store } = one.deps
      const get: typeof store.get = async (object, options) => {
        const got = await store.get(object, options)
        bytes += got.byteLength
        return got
      }
      return { ...one, deps: { ...one.deps, store: { ...store, get } } }
    })
    const asked = isIndexed ? withIndex(counted, index) : withoutIndex(counted)
    await findCustomers(mapAt(MAP, asked), { text: 'nobody at all', matchesMax: 5, signal })
    return bytes
  }
  await bytesRead(true)
  expect(await bytesRead(false)).toBeGreaterThan(5000)
  expect(await bytesRead(true)).toBe(0)
})
