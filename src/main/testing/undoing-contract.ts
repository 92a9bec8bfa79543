import { expect, test } from 'vitest'
import { listHistory } from '#app/list-history'
import { type ToldTransaction, tellTransactions } from '#capture/testing/tell-transactions'
import type { Target } from '#connector/connector'
import { type ConnectorHarness, openSource } from '#connector/testing/contract-system'
import { assert } from '#stdx/assert'
import { signal } from '#vault/testing/a-vault'
import type { Restoring } from './a-restore.ts'
import { openKit } from './restoring-kit.ts'

const TABLES = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, terms TEXT, iban TEXT);
  CREATE TABLE address (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), city TEXT);
  INSERT INTO customer VALUES (1, 'Ada', '30d', 'DE1'), (2, 'Bob', '30d', 'DE2'),
    (3, 'Cy', NULL, 'DE3'), (4, 'Dot', '14d', '');
  INSERT INTO address VALUES (10, 1, 'Bonn'), (20, 2, 'Ulm'), (30, 3, NULL)`

/** What one bad import does: changes two, deletes one with its address, adds one with an address. */
const BAD = `UPDATE customer SET terms = '90d', iban = NULL WHERE id IN (1, 2);
  DELETE FROM address WHERE id = 30; DELETE FROM customer WHERE id = 3;
  INSERT INTO customer VALUES (5, 'Eve', '90d', 'DE5'); INSERT INTO address VALUES (50, 5, 'Rom')`

/** What undoing a transaction must do on a living system, whatever kind of system it is. */
export function testUndoing(kind: string, harness: ConnectorHarness): void {
  const { expectNothingWritten, name, read, start } = openKit(harness)

  /** Runs transactions in the source, which tells them, and in the copy. Returns their point. */
  async function tell(restoring: Restoring, ...sqls: string[]): Promise<string> {
    return await tellAll(restoring, sqls)
  }

  async function tellAll(
    { copy, erp, vault }: Restoring,
    sqls: readonly string[],
    truncated?: string,
  ): Promise<string> {
    const exec = async (sql: string) => {
      await erp.exec(sql)
      await copy.exec(sql)
    }
    const open = () => openSource(harness, erp.address)
    const told = sqls.map((sql, i): ToldTransaction => {
      const emptied = i === 0 && truncated !== undefined && { truncated }
      return {
        transaction: `${700 + i}`,
        time: `2026-06-30T12:00:0${i}.123456Z`,
        sql,
        ...emptied,
      }
    })
    return `erp@${await tellTransactions({ vault, source: 'erp', openSource: open, exec }, told)}`
  }

  const contents = async ({ copy }: Restoring) => [
    ...(await read(copy, 'customer')),
    ...(await read(copy, 'address')),
  ]

  const undoing = (isSkippingConflicts = false) => ({
    undo: { isSkippingConflicts, refused: () => {} },
  })

  test(`${kind}: the newest transaction is undone: rows change back, come back and go`, async () => {
    await using restoring = await start(TABLES)
    const before = await contents(restoring)
    await restoring.backUp()
    const point = await tell(restoring, BAD)
    expect(await contents(restoring)).not.toEqual(before)
    const change = { point: `${point}.1`, ...undoing() }
    const plan = await restoring.plan(change)
    expect(plan).toMatchObject({
      undone: { point: `${point}.1`, transaction: '700', time: '2026-06-30T12:00:00.123456Z' },
      conflicts: [],
      steps: [
        { entity: name('customer'), insert: 1, update: 2, delete: 1, same: 0, conflicts: 0 },
        { entity: name('address'), insert: 1, update: 0, delete: 1, same: 0, conflicts: 0 },
      ],
    })
    expect((await restoring.plan(change)).plan).toBe(plan.plan)
    const { summary } = await restoring.restore(change)
    expect(summary).toMatchObject({
      inserted: 2,
      updated: 2,
      deleted: 2,
      conflicts: 0,
      verified: { records: 6, different: 0 },
    })
    expect(await contents(restoring)).toEqual(before)
    const { restores } = await restoring.vault.readRestores(signal)
    expect(restores[0]?.body).toMatchObject({
      undone: `${point}.1`,
      deleted: 2,
      verifiedDifferent: 0,
    })
    // Once more there is nothing to do.
    const again = await restoring.restore(change)
    expect(again.summary).toMatchObject({ inserted: 0, updated: 0, deleted: 0, skipped: 6 })
    expect(await contents(restoring)).toEqual(before)
  })

  test(`${kind}: what later transactions did to other fields and records stays`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    const first = `UPDATE customer SET name = 'Zed' WHERE id = 4`
    const later = `UPDATE customer SET name = 'Ann' WHERE id = 1; DELETE FROM address WHERE id = 20;
      INSERT INTO customer VALUES (6, 'Fay', NULL, NULL)`
    const point = await tell(restoring, first, BAD, later)
    await restoring.copy.exec(`UPDATE customer SET name = 'Ben' WHERE id = 2`)
    const { plan, summary } = await restoring.restore({ point: `${point}.2`, ...undoing() })
    expect(plan).toMatchObject({ point: `${point}.1`, undone: { transaction: '701' } })
    expect(summary).toMatchObject({ inserted: 2, updated: 2, deleted: 2, conflicts: 0 })
    expect(await contents(restoring)).toEqual([
      '1|Ann|30d|DE1',
      '2|Ben|30d|DE2',
      '3|Cy||DE3',
      '4|Zed|14d|',
      '6|Fay||',
      '10|1|Bonn',
      '30|3|',
    ])
  })

  test(`${kind}: records that were changed since refuse it, or stay as they are`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    const point = await tell(restoring, BAD)
    await restoring.copy.exec(`UPDATE customer SET terms = '60d', name = 'Ada L.' WHERE id = 1;
      DELETE FROM address WHERE id = 20; DELETE FROM customer WHERE id = 2;
      INSERT INTO customer VALUES (3, 'Cy', '7d', 'DE3');
      UPDATE address SET city = 'Roma' WHERE id = 50`)
    const change = { point: `${point}.1`, ...undoing() }
    const customer = name('customer')
    const plan = await restoring.plan(change)
    expect(plan.conflicts).toEqual([
      { entity: customer, key: '1', found: 'changed', fields: ['terms'] },
      { entity: customer, key: '2', found: 'gone', fields: ['terms', 'iban'] },
      { entity: customer, key: '3', found: 'back', fields: ['terms'] },
      { entity: name('address'), key: '50', found: 'changed', fields: ['city'] },
    ])
    const refused: string[] = []
    const undo = {
      isSkippingConflicts: false,
      refused: (one: { readonly plan: string }) => refused.push(one.plan),
    }
    await expectNothingWritten(
      restoring,
      ['customer', 'address'],
      () => restoring.restore({ ...change, undo }),
      { code: 'app.undo-conflicts', message: expect.stringContaining('4 of the 6 records') },
    )
    expect(refused).toEqual([plan.plan])
    // Left as it is, the address keeps its customer, which then cannot go.
    await expectNothingWritten(
      restoring,
      ['customer', 'address'],
      () => restoring.restore({ ...change, ...undoing(true) }),
      { code: 'restore.still-referred' },
    )
    await restoring.copy.exec('UPDATE address SET customer = 4 WHERE id = 50')
    const { summary } = await restoring.restore({ ...change, ...undoing(true) })
    expect(summary).toMatchObject({
      inserted: 1,
      updated: 0,
      deleted: 1,
      conflicts: 4,
      verified: { records: 2, different: 0 },
    })
    expect(await contents(restoring)).toEqual([
      '1|Ada L.|60d|',
      '3|Cy|7d|DE3',
      '4|Dot|14d|',
      '10|1|Bonn',
      '30|3|',
      '50|4|Roma',
    ])
  })

  test(`${kind}: keys that moved move back, and large values come back`, async () => {
    const long = harness.text?.long ?? 'TEXT'
    await using restoring =
      await start(`CREATE TABLE doc (id INTEGER PRIMARY KEY, title TEXT, body ${long});
      INSERT INTO doc VALUES (1, 'a', ${harness.repeat('x', 200_000)}), (2, 'b', ${harness.repeat('y', 90_000)}),
        (3, 'c', 'short')`)
    const before = await read(restoring.copy, 'doc')
    await restoring.backUp()
    const point = await tell(
      restoring,
      `UPDATE doc SET body = ${harness.repeat('z', 150_000)} WHERE id IN (1, 3);
        UPDATE doc SET id = 7 WHERE id = 2`,
      `UPDATE doc SET title = 'later' WHERE id = 1`,
    )
    const { summary } = await restoring.restore({ point: `${point}.1`, ...undoing() })
    expect(summary).toMatchObject({ inserted: 1, updated: 2, deleted: 1, conflicts: 0 })
    const [first = '', ...others] = before
    expect(await read(restoring.copy, 'doc')).toEqual([first.replace('|a|', '|later|'), ...others])
  })

  test(`${kind}: a table that was emptied is filled again`, async () => {
    await using restoring = await start(TABLES)
    const before = await read(restoring.copy, 'address')
    await restoring.backUp()
    const address = name('address')
    const point = await tellAll(
      restoring,
      [
        `DELETE FROM address; INSERT INTO address VALUES (10, 1, 'Bonn'), (60, 4, 'Wien')`,
        `UPDATE customer SET name = 'later' WHERE id = 1; INSERT INTO address VALUES (20, 1, NULL)`,
      ],
      address,
    )
    const versionsOf = async (key: string) => {
      const asked = { source: 'erp', entity: address, key }
      const { versions } = await listHistory(restoring.vault, asked, signal)
      return versions.map((version) => [version.point, version.op, version.transaction])
    }
    expect(await versionsOf('20')).toEqual([
      [`${point}.2`, 'insert', '701'],
      [`${point}.1`, 'delete', '700'],
      ['erp@1', 'insert', undefined],
    ])
    expect(await versionsOf('30')).toEqual([
      [`${point}.1`, 'delete', '700'],
      ['erp@1', 'insert', undefined],
    ])
    expect(await versionsOf('10')).toEqual([['erp@1', 'insert', undefined]])
    const plan = await restoring.plan({ point: `${point}.1`, ...undoing() })
    expect(plan).toMatchObject({
      steps: [{ entity: address, insert: 1, update: 0, delete: 1, same: 0, conflicts: 1 }],
      conflicts: [{ key: '20', found: 'back', fields: ['customer', 'city'] }],
    })
    await restoring.copy.exec('DELETE FROM address WHERE id = 20')
    await restoring.restore({ point: `${point}.1`, ...undoing() })
    expect(await read(restoring.copy, 'address')).toEqual(before)
    expect(await read(restoring.copy, 'customer')).toContain('1|later|30d|DE1')
  })

  test(`${kind}: records that were changed in very many ways change back`, async () => {
    const fields = ['a', 'b', 'c', 'd', 'e', 'f']
    const values = (id: number) => [id, ...fields.map((field) => `'${field}${id}'`)].join(', ')
    const rows = Array.from({ length: 63 }, (_, i) => `(${values(i + 1)})`)
    await using restoring = await start(`CREATE TABLE wide (id INTEGER PRIMARY KEY,
      ${fields.map((field) => `${field} TEXT`).join(', ')}); INSERT INTO wide VALUES ${rows.join(', ')}`)
    const before = await read(restoring.copy, 'wide')
    await restoring.backUp()
    // Each record another set of fields, by the bits of its id.
    const sets = fields.map(
      (one, i) => `${one} = CASE WHEN id & ${1 << i} <> 0 THEN '-' ELSE ${one} END`,
    )
    const point = await tell(restoring, `UPDATE wide SET ${sets.join(', ')}`)
    await restoring.copy.exec(`UPDATE wide SET a = 'later' WHERE id = 62`)
    const { summary } = await restoring.restore({ point: `${point}.1`, ...undoing() })
    expect(summary).toMatchObject({ updated: 63, verified: { records: 63, different: 0 } })
    const wanted = before.map((row) => row.replace('62|a62|', '62|later|'))
    expect(await read(restoring.copy, 'wide')).toEqual(wanted)
  })

  test(`${kind}: a row that somebody changes after the plan is not overwritten`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    const point = await tell(restoring, BAD)
    const meddle = `UPDATE customer SET terms = '1d' WHERE id = 1`
    const change = { point: `${point}.1`, ...undoing() }
    const agree = () => restoring.copy.exec(meddle)
    await expect(restoring.restore({ ...change, agree })).rejects.toMatchObject({
      code: 'connector.target-changed',
    })
    expect(await read(restoring.copy, 'customer')).toContain('1|Ada|1d|')
  })

  test(`${kind}: what is not as it was when it is read back is an error`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    const point = await tell(restoring, BAD)
    const { copy } = restoring
    // A conflict, which is left alone and not counted; the others are looked at.
    await copy.exec(`UPDATE customer SET terms = '1d' WHERE id = 2`)
    const wrap = (target: Target): Target => ({
      identity: target.identity,
      openCut: (until) => target.openCut(until),
      listSideEffects: (...asked) => target.listSideEffects(...asked),
      async openWrite(until, since, schemas, accepted) {
        const write = await target.openWrite(until, since, schemas, accepted)
        const commit = write.commit.bind(write)
        write.commit = async () => {
          await commit()
          await copy.exec(`UPDATE customer SET terms = '2d' WHERE id IN (1, 2);
            UPDATE customer SET name = 'of no concern' WHERE id = 4; DELETE FROM address WHERE id = 30`)
        }
        return write
      },
      [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
    })
    const attempt = restoring.restore({ point: `${point}.1`, ...undoing(true), wrap })
    await expect(attempt).rejects.toMatchObject({
      code: 'app.read-back-differs',
      details: { records: 5, different: 2, extra: 0 },
    })
  })

  test.skipIf(harness.triggers === undefined)(
    `${kind}: undoing lets nothing run by itself that was not accepted`,
    async () => {
      await using restoring = await start(`${TABLES}; CREATE TABLE log (what VARCHAR(20))`)
      await restoring.backUp()
      const point = await tell(restoring, BAD)
      const { copy } = restoring
      const made = harness.triggers?.makeSql('notes', 'customer', 'insert') ?? []
      for (const sql of made) await copy.exec(sql)
      const change = { point: `${point}.1`, ...undoing() }
      const plan = await restoring.plan(change)
      const state = harness.triggers?.state
      const notes = { kind: 'trigger', name: 'notes', entity: name('customer'), state }
      expect(plan.sideEffects).toEqual([notes])
      if (state === 'runs') {
        const refused = { code: 'restore.side-effects', details: { sideEffects: [notes] } }
        await expect(restoring.restore(change)).rejects.toMatchObject(refused)
      }
      expect(await read(copy, 'log')).toEqual([])
      const { summary } = await restoring.restore({ ...change, mayRunSideEffects: true })
      expect(summary).toMatchObject({ verified: { records: 6, different: 0 } })
      expect(await read(copy, 'log')).toEqual(state === 'runs' ? ['insert'] : [])
    },
  )

  test(`${kind}: only what a feed told is undone, and where its tables are`, async () => {
    await using restoring = await start(TABLES)
    const scan = await restoring.backUp()
    const refuses = (point: string, failure: Record<string, unknown>) =>
      expectNothingWritten(
        restoring,
        ['customer'],
        () => restoring.restore({ point, ...undoing() }),
        failure,
      )
    const code = 'app.transaction-missing'
    await refuses(scan, { code, message: expect.stringContaining('no feed told it') })
    await refuses(`${scan}.1`, { code })
    const point = await tell(restoring, BAD, `UPDATE customer SET name = 'x' WHERE id = 1`)
    await refuses(point, { code, message: expect.stringContaining(`${point}.1 to ${point}.2`) })
    await refuses(`${point}.3`, { code: 'timeline.point-unknown' })
    await restoring.copy.exec('DROP TABLE address')
    await refuses(`${point}.1`, { code: 'restore.table-missing' })
    const { vault } = restoring
    const state = await vault.readTimeline('erp', signal)
    const proposal = { kind: 'expire' as const, basis: state.basis, points: [1, 2] }
    await vault.append(state, await vault.cosign('erp', proposal, signal), signal)
    await refuses(`${point}.1`, { code, message: expect.stringContaining('let go with erp@2') })
    // A moment is the last transaction until then; after the last it is the whole point.
    await refuses('erp@2026-06-30T12:00:02Z', { code })
    await refuses('erp@2026-06-30T12:00:00.5Z', { code, message: expect.stringContaining('.1:') })
    const last = await restoring.restore({ point: `${point}.2`, ...undoing() })
    assert(last.summary !== null, 'It was not a plan only.')
    expect(last.summary).toMatchObject({ updated: 1, verified: { records: 1, different: 0 } })
  })
}
