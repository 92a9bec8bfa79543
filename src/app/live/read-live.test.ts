import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { findClosure } from '#customer/find-closure'
import { findCustomers } from '#customer/find-customers'
import { findParty } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { signal } from '#vault/testing/a-vault'
import { indexIn, withIndex } from '../testing/index-of.ts'
import { vaultOfSql } from '../testing/vault-of-files.ts'
import { openLiveSources } from './live-sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-read-live-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MAP = parseMap(
  `
version: 1
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { number: number, name: name }
        links: [{ fields: [parent], to: main.account }]
      main.note: { role: other, links: [{ fields: [about], to: main.account }] }
  erp:
    entities:
      main.debtor:
        role: customer
        identity: { name: name }
        links: [{ fields: [account], source: crm, to: main.account, toFields: [number], kind: same }]
`,
  'customers.yaml',
)
const SCHEMA = {
  crm: `CREATE TABLE account (id INTEGER PRIMARY KEY, number TEXT, name TEXT, parent INTEGER);
        CREATE TABLE note (about INTEGER, text TEXT);`,
  erp: 'CREATE TABLE debtor (company TEXT, number INTEGER, account TEXT, name TEXT, PRIMARY KEY (company, number));',
}

const id = fc.integer({ min: 1, max: 6 })
const name = fc.constantFrom("'Farn & Beck'", "'Farn'", "'Otto'", 'NULL')
const statement = fc.oneof(
  fc.tuple(id, id, name, fc.option(id)).map(([key, number, text, parent]) => {
    return {
      crm: `INSERT OR REPLACE INTO account VALUES (${key}, 'A${number}', ${text}, ${parent})`,
    }
  }),
  id.map((key) => ({ crm: `DELETE FROM account WHERE id = ${key}` })),
  fc
    .tuple(id, name)
    .map(([about, text]) => ({ crm: `INSERT INTO note VALUES (${about}, ${text})` })),
  id.map((about) => ({ crm: `DELETE FROM note WHERE about = ${about}` })),
  fc.tuple(id, id, name).map(([key, account, text]) => {
    return { erp: `INSERT OR REPLACE INTO debtor VALUES ('X', ${key}, 'A${account}', ${text})` }
  }),
)
const statements = fc.array(statement, { maxLength: 14 })
type Statements = readonly { readonly crm?: string; readonly erp?: string }[]

/** All that anybody may see of six customers, whoever is asked. */
async function look(sources: readonly SourceAt[]) {
  const laid = mapAt(MAP, sources)
  const seen: unknown[] = []
  for (let number = 1; number <= 6; number++) {
    try {
      const roots = await findParty(laid, { id: `A${number}`, source: 'crm', signal })
      const { records } = await findClosure(laid, roots.slice(0, 1), { bounds: MAP.bounds, signal })
      seen.push(records.map(({ entity, fields, key, way }) => [entity.map, key, fields, way.kind]))
    } catch (error) {
      seen.push(error instanceof Error && 'code' in error ? error.code : error)
    }
  }
  const { found, matches } = await findCustomers(laid, { text: 'farn', matchesMax: 9, signal })
  return { seen, found, matches: matches.map(({ by, entity, key }) => [by, entity.map, key]) }
}

test('what is read of a system now is what a backup would hold, with an index and without', async () => {
  let folders = 0
  await fc.assert(
    fc.asyncProperty(statements, statements, statements, async (...stages) => {
      using system = await vaultOfSql(SCHEMA)
      const run = (stage: Statements) => {
        for (const { crm, erp } of stage) {
          if (crm !== undefined) system.exec('crm', crm)
          if (erp !== undefined) system.exec('erp', erp)
        }
      }
      const [first = [], second = [], third = []] = stages
      run(first)
      await system.backUp()
      run(second)
      await system.backUp()
      run(third)
      const plain = await system.sourcesAt()
      const index = indexIn(join(folder, `index-${++folders}`))
      const { vault } = system
      const place = {
        digestKey: (source: string) => vault.digestKey(source, signal),
        rowDeps: (source: string) => vault.rowDeps(source, signal),
        indexPlace: index.place,
      }
      const seen: unknown[] = []
      for (const newest of [plain, withIndex(plain, index)]) {
        await using live = openLiveSources(system.asking, place, MAP)
        seen.push(await look(await live.read(newest, signal)))
      }
      await system.backUp()
      const captured = await look(await system.sourcesAt())
      expect(seen).toEqual([captured, captured])
    }),
    { numRuns: 8 },
  )
  expect(
    readdirSync(tmpdir()).filter((one) => one.startsWith(`holdfast-live-${process.pid}-`)),
  ).toEqual([])
}, 120_000)
