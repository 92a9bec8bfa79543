import { expect, test } from 'vitest'
import { listCrosswalk } from '#app/list-crosswalk'
import type { Target } from '#connector/connector'
import type { ConnectorHarness } from '#connector/testing/contract-system'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'
import { signal } from '#vault/testing/a-vault'
import { noSystems, type Restoring } from './a-restore.ts'
import { withChangedWrites } from './changed-writes.ts'
import { openKit } from './restoring-kit.ts'

const [MINT, MOVED] = [{ keys: ['mint'] }, { keys: ['mint-moved'] }]
const KILLED = new Error('killed')

/** What becomes of records that got another key in the source, in a target that numbers its records. */
export function testMoving(kind: string, harness: ConnectorHarness): void {
  const { name, read, start } = openKit(harness)
  const { numbered } = harness
  assert(numbered !== undefined, 'Systems of the kind number records.')
  const TABLES = `CREATE TABLE customer (id ${numbered}, name VARCHAR(20) UNIQUE, note VARCHAR(20));
    CREATE TABLE address (id ${numbered}, customer INTEGER NOT NULL, city VARCHAR(20), UNIQUE (customer, city), FOREIGN KEY (customer) REFERENCES customer (id));`
  const [customer, address] = [name('customer'), name('address')]

  /** Put back under keys of the copy, Ada and her address got other keys in the source. */
  async function aMove(): Promise<Restoring> {
    const restoring = await start(TABLES)
    const { backUp, copy, erp } = restoring
    await erp.exec(`INSERT INTO customer (id, name) VALUES (1, 'Ada'), (2, 'Bob');
      INSERT INTO address (id, customer, city) VALUES (10, 1, 'Bonn'), (20, 2, 'Ulm')`)
    await copy.exec(`INSERT INTO customer (name) VALUES ('Xa')`)
    await backUp()
    await restoring.restore(MINT)
    await erp.exec(`DELETE FROM address WHERE id = 10; DELETE FROM customer WHERE id = 1;
      INSERT INTO customer (id, name, note) VALUES (7, 'Ada', 'new');
      INSERT INTO address (id, customer, city) VALUES (70, 7, 'Bonn')`)
    await backUp()
    return restoring
  }

  const contents = async ({ copy }: Restoring) => [
    await read(copy, 'customer'),
    await read(copy, 'address'),
  ]
  const BEFORE = [
    ['1|Xa|', '2|Ada|', '3|Bob|'],
    ['1|2|Bonn', '2|3|Ulm'],
  ]
  const AFTER = [['1|Xa|', '2|Ada|new', '3|Bob|'], BEFORE[1]]
  const refused = { code: 'restore.keys-moved', details: { moved: 2 } }

  async function linesOf({ vault }: Restoring): Promise<string[]> {
    const lines = await collect(
      listCrosswalk(noSystems, vault, { target: 'copy', isAll: false }, signal),
    )
    return lines.map(({ entity, key, targetKey }) => [entity, key, targetKey].join(' ')).sort()
  }

  test(`${kind}: a record with another key goes on in the row of the one that is gone, where a person says so`, async () => {
    await using restoring = await aMove()
    const stopped = restoring.restore(MINT)
    await expect(stopped).rejects.toMatchObject(refused)
    await expect(stopped).rejects.toThrow(
      `${customer}:7 carries the name of ${customer}:2, which ${customer}:1 became`,
    )
    expect(await contents(restoring)).toEqual(BEFORE)

    const { plan, summary } = await restoring.restore(MOVED)
    expect(plan.moved).toEqual([
      { entity: customer, key: '7', earlier: '1', targetKey: '2', fields: ['name'] },
      { entity: address, key: '70', earlier: '10', targetKey: '1', fields: ['customer', 'city'] },
    ])
    expect(summary).toMatchObject({ inserted: 0, updated: 1, verified: { different: 0 } })
    expect(await contents(restoring)).toEqual(AFTER)
    expect(await linesOf(restoring)).toEqual([
      ...[`${address} 20 2`, `${address} 70 1`],
      ...[`${customer} 2 3`, `${customer} 7 2`],
    ])
    expect((await restoring.restore(MINT)).summary).toMatchObject({ inserted: 0, updated: 0 })

    // Taken back, the rows are those of the earlier records again.
    const undo = { isSkippingConflicts: false, refused: () => {} }
    await restoring.restore({ undoes: summary?.restore ?? '', undo })
    expect(await contents(restoring)).toEqual(BEFORE)
    await expect(restoring.restore(MINT)).rejects.toMatchObject(refused)
  })

  test(`${kind}: a record that took over what was unique is added once that is free`, async () => {
    await using restoring = await aMove()
    await restoring.copy.exec(`UPDATE customer SET name = 'Ada of old' WHERE id = 2`)
    const { plan, summary } = await restoring.restore(MINT)
    expect(plan).not.toHaveProperty('moved')
    expect(summary).toMatchObject({ inserted: 2, updated: 0 })
    expect(await contents(restoring)).toEqual([
      ['1|Xa|', '2|Ada of old|', '3|Bob|', '4|Ada|new'],
      ['1|2|Bonn', '2|3|Ulm', '3|4|Bonn'],
    ])
  })

  for (const isWritten of [true, false]) {
    const when = isWritten ? 'after' : 'before'
    test(`${kind}: killed ${when} its commit, a move is gone on with`, async () => {
      await using restoring = await aMove()
      const killed = restoring.restore({ ...MOVED, wrap: (target) => killAt(target, isWritten) })
      await expect(killed).rejects.toBe(KILLED)
      // Nothing tells any longer what they had in common.
      if (isWritten) await restoring.copy.exec(`UPDATE customer SET name = 'A' WHERE id = 2`)
      const { summary } = await restoring.restore(MINT)
      expect(summary).toMatchObject({ inserted: 0, updated: 1 })
      expect(await contents(restoring)).toEqual(AFTER)
    })
  }
}

function killAt(target: Target, isWritten: boolean): Target {
  return withChangedWrites(target, (write) => {
    const commit = write.commit.bind(write)
    write.commit = async () => {
      if (isWritten) await commit()
      throw KILLED
    }
  })
}
