import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ContractSystem } from '#connector/testing/contract-system'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { openKit } from './testing/restoring-kit.ts'

const { read, start } = openKit(sqliteHarness)

const TABLES = `CREATE TABLE party (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, parent INTEGER REFERENCES party, best INTEGER REFERENCES mail);
  CREATE TABLE person (id INTEGER PRIMARY KEY REFERENCES party, born TEXT);
  CREATE TABLE mail (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person, name TEXT NOT NULL);
  CREATE TABLE friend (a INTEGER NOT NULL REFERENCES party, b INTEGER NOT NULL REFERENCES party, PRIMARY KEY (a, b));`

/** Parties by their numbers, from 0; what they name is one of them, or nobody. */
type Graph = {
  readonly parents: readonly (number | null)[]
  readonly mails: readonly number[]
  readonly best: readonly (number | null)[]
  readonly friends: readonly (readonly [number, number])[]
}

const COUNT_MAX = 6
const someone = fc.nat(COUNT_MAX - 1)
const perhaps = fc.option(fc.nat(COUNT_MAX * 2))
const graphs: fc.Arbitrary<Graph> = fc.record({
  parents: fc.array(perhaps, { minLength: 1, maxLength: COUNT_MAX }),
  mails: fc.array(someone, { maxLength: COUNT_MAX }),
  best: fc.array(perhaps, { minLength: COUNT_MAX, maxLength: COUNT_MAX }),
  friends: fc.uniqueArray(fc.tuple(someone, someone), {
    maxLength: COUNT_MAX,
    selector: ([a, b]) => `${a},${b}`,
  }),
})

/** SQL that makes a graph, with numbers that begin at `base` and are `step` apart. */
function toSql(graph: Graph, name: string, { base, step }: { base: number; step: number }): string {
  const count = graph.parents.length
  const id = (index: number) => base + (index % count) * step
  const text = (value: number | null) => (value === null ? 'NULL' : String(value))
  const mail = (index: number) => base + 3 + index * step
  const mails = graph.mails.length
  const best = (index: number) => {
    const found = graph.best[index] ?? null
    return found === null || mails === 0 ? null : mail(found % mails)
  }
  const parties = graph.parents.map((parent, i) => {
    const up = parent === null ? null : id(parent)
    return `INSERT INTO party VALUES (${id(i)}, '${name}${i}', ${text(up)}, ${text(best(i))});
      INSERT INTO person VALUES (${id(i)}, 'born ${name}${i}');`
  })
  const rows = graph.mails.map(
    (of, i) => `INSERT INTO mail VALUES (${mail(i)}, ${id(of)}, 'mail ${name}${i}');`,
  )
  const friends = graph.friends.map(
    ([a, b]) => `INSERT OR IGNORE INTO friend VALUES (${id(a)}, ${id(b)});`,
  )
  return [...parties, ...rows, ...friends].join('\n')
}

/** What a system says of records by their names, whatever numbers they have. */
async function tell(system: ContractSystem, name: string): Promise<readonly string[]> {
  const [friends, mails, parties, persons] = await Promise.all(
    ['friend', 'mail', 'party', 'person'].map(async (table) =>
      (await read(system, table)).map((row) => row.split('|')),
    ),
  )
  const byId = (rows: readonly string[][] | undefined, at: number) =>
    new Map((rows ?? []).map((row) => [row[0], row[at]]))
  const [party, mail] = [byId(parties, 1), byId(mails, 2)]
  const told = [
    ...(parties ?? []).map(([, own, up, best]) => [own, party.get(up), mail.get(best)]),
    ...(persons ?? []).map(([id, born]) => [party.get(id), born]),
    ...(mails ?? []).map(([, of, own]) => [party.get(of), own]),
    ...(friends ?? []).map(([a, b]) => [party.get(a), party.get(b)]),
  ].map((row) => row.map((one) => one ?? '-').join(' '))
  return told.filter((row) => row.includes(name)).sort()
}

test('whatever names whatever, records are the same under other numbers, once, and nobody else changes', async () => {
  const run = async (before: Graph, after: Graph, others: Graph, isMore: boolean) => {
    await using restoring = await start(TABLES)
    const { backUp, copy, erp, restore } = restoring
    await erp.exec(toSql(before, 'ours', { base: 1, step: 1 }))
    await copy.exec(toSql(others, 'theirs', { base: 2, step: 5 }))
    const theirs = await tell(copy, 'theirs')
    await backUp()
    const first = await restore({ keys: ['mint'] })
    expect(first.summary?.verified.different).toBe(0)
    expect(await tell(copy, 'ours')).toEqual(await tell(erp, 'ours'))
    const all = ['friend', 'mail', 'person', 'party']
    await erp.exec(all.map((table) => `DELETE FROM ${table};`).join(' '))
    await erp.exec(toSql({ ...after, friends: before.friends }, 'ours', { base: 1, step: 1 }))
    if (isMore) await copy.exec(`INSERT INTO party (name) VALUES ('theirs more')`)
    await backUp()
    await restore({ keys: ['mint'] })
    const wanted = await tell(erp, 'ours')
    const found = await tell(copy, 'ours')
    // What the source no longer has stays: nothing is deleted. All that it has is there, once.
    for (const row of wanted)
      expect(
        found.filter((one) => one === row),
        row,
      ).toHaveLength(1)
    const parties = (await read(copy, 'party')).filter((row) => row.includes('ours'))
    const count = Math.max(before.parents.length, after.parents.length)
    expect(parties).toHaveLength(count)
    const more = isMore ? ['theirs more - -'] : []
    expect(await tell(copy, 'theirs')).toEqual([...theirs, ...more].sort())
    const { summary } = await restore({ keys: ['mint'] })
    expect(summary).toMatchObject({ inserted: 0, updated: 0 })
  }
  await fc.assert(fc.asyncProperty(graphs, graphs, graphs, fc.boolean(), run), { numRuns: 4 })
})
