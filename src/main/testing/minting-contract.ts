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

const MINT = { keys: ['mint'] }
const KILLED = new Error('killed')

/** Where a restore can be killed; what it had begun is in the vault by then. */
const STEPS = ['before it writes', 'before its commit', 'after its commit'] as const

/**
 * What a target that numbers its records must do, whatever kind of system it is.
 * @param isBrief of another way to number in a system that was tried: only that it works
 */
export function testMinting(kind: string, harness: ConnectorHarness, isBrief = false): void {
  const { name, read, start } = openKit(harness)
  const { numbered } = harness
  assert(numbered !== undefined, 'Systems of the kind number records.')
  const TABLES = `CREATE TABLE customer (id ${numbered}, name VARCHAR(20), parent INTEGER, FOREIGN KEY (parent) REFERENCES customer (id));
    CREATE TABLE address (id ${numbered}, customer INTEGER NOT NULL, city VARCHAR(20), FOREIGN KEY (customer) REFERENCES customer (id));
    CREATE TABLE line (customer INTEGER NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (customer, no), FOREIGN KEY (customer) REFERENCES customer (id));`
  const OLD = `INSERT INTO customer (id, name, parent) VALUES (1, 'Ada', NULL), (2, 'Bob', 1);
    INSERT INTO address (id, customer, city) VALUES (10, 1, 'Bonn'), (20, 2, 'Ulm');
    INSERT INTO line VALUES (1, 1), (2, 1);`
  const OTHERS = `INSERT INTO customer (name) VALUES ('Xa');
    INSERT INTO customer (name) VALUES ('Xb'); INSERT INTO address (customer, city) VALUES (1, 'Köln');
    INSERT INTO line VALUES (1, 7);`

  async function aPair(): Promise<Restoring> {
    const restoring = await start(TABLES)
    await restoring.erp.exec(OLD)
    await restoring.copy.exec(OTHERS)
    await restoring.backUp()
    return restoring
  }

  const contents = async ({ copy }: Restoring) => ({
    customer: await read(copy, 'customer'),
    address: await read(copy, 'address'),
    line: await read(copy, 'line'),
  })
  const PUT_BACK = {
    customer: ['1|Xa|', '2|Xb|', '3|Ada|', '4|Bob|3'],
    address: ['1|1|Köln', '2|3|Bonn', '3|4|Ulm'],
    line: ['1|7', '3|1', '4|1'],
  }

  test(`${kind}: what is put back gets the next numbers, and what names it follows`, async () => {
    await using restoring = await aPair()
    const plan = await restoring.plan(MINT)
    expect((await restoring.plan(MINT)).plan).toBe(plan.plan)
    const { summary } = await restoring.restore(MINT)
    expect(summary).toMatchObject({ inserted: 6, plan: plan.plan, verified: { different: 0 } })
    expect(await contents(restoring)).toEqual(PUT_BACK)
    const again = await restoring.restore(MINT)
    expect(again.summary).toMatchObject({ inserted: 0, updated: 0, skipped: 6 })
    const all = { target: 'copy', isAll: true }
    const lines = await collect(listCrosswalk(noSystems, restoring.vault, all, signal))
    const told = lines.map(({ entity, key, targetKey }) => [entity, key, targetKey].join(' '))
    expect(told.sort()).toEqual([
      `${name('address')} 10 2`,
      `${name('address')} 20 3`,
      `${name('customer')} 1 3`,
      `${name('customer')} 2 4`,
    ])
    // What the application adds next does not collide.
    await restoring.copy.exec(`INSERT INTO customer (name) VALUES ('Xc')`)
    expect((await contents(restoring)).customer.at(-1)).toBe('5|Xc|')
  })

  test(`${kind}: a number that somebody took since the plan voids it`, async () => {
    await using restoring = await aPair()
    const plan = await restoring.plan(MINT)
    await restoring.copy.exec(`INSERT INTO customer (name) VALUES ('Xc')`)
    expect((await restoring.plan(MINT)).plan).not.toBe(plan.plan)
  })

  if (isBrief) return

  test(`${kind}: what is named and not put back comes along, is left empty, or is refused`, async () => {
    await using restoring = await aPair()
    const one = { ...MINT, records: [`${name('address')}:20`] }
    const refused = { code: 'restore.reference-unminted', details: { lost: 1 } }
    await expect(restoring.restore(one)).rejects.toMatchObject(refused)
    // The customer of an address is never left out.
    const emptied = { ...one, missingParents: 'null' as const }
    await expect(restoring.restore(emptied)).rejects.toMatchObject(refused)
    const two = { ...emptied, records: [`${name('customer')}:2`] }
    const { summary } = await restoring.restore(two)
    expect(summary).toMatchObject({ inserted: 1 })
    expect((await contents(restoring)).customer.at(-1)).toBe('3|Bob|')
    const undo = { isSkippingConflicts: false, refused: () => {} }
    await restoring.restore({ undoes: summary?.restore ?? '', undo })
    const more = await restoring.restore({ ...one, missingParents: 'create' })
    expect(more.summary).toMatchObject({ inserted: 3, updated: 0, skipped: 0 })
    const { address, customer } = await contents(restoring)
    const [ada, bob] = customer.slice(-2).map((row) => row.split('|')[0])
    expect(customer.slice(-2)).toEqual([`${ada}|Ada|`, `${bob}|Bob|${ada}`])
    expect(address).toEqual(['1|1|Köln', `2|${bob}|Ulm`])
  })

  for (const step of STEPS) {
    test(`${kind}: a restore that is killed ${step} is gone on with under the same keys`, async () => {
      await using restoring = await aPair()
      const killed = restoring.restore({ ...MINT, wrap: (target) => killAt(target, step) })
      await expect(killed).rejects.toBe(KILLED)
      const { summary } = await restoring.restore(MINT)
      const isWritten = step === 'after its commit'
      expect(summary).toMatchObject({ inserted: isWritten ? 0 : 6, skipped: isWritten ? 6 : 0 })
      const { address, customer, line } = await contents(restoring)
      expect([customer.length, address.length, line.length]).toEqual([4, 3, 3])
      // And once more, when nothing is open any longer.
      const last = await restoring.restore(MINT)
      expect(last.summary).toMatchObject({ inserted: 0, updated: 0, skipped: 6 })
    })
  }

  // Of SQLite the first could not write while the second looks.
  test.skipIf(harness.connector.kind === 'sqlite')(
    `${kind}: what another restore began since this one looked voids it, though it takes other rows`,
    async () => {
      // Without foreign keys: to defer one, PostgreSQL waits until nobody looks.
      await using restoring = await start(`CREATE TABLE note (id ${numbered}, name VARCHAR(20))`)
      await restoring.erp.exec(`INSERT INTO note (id, name) VALUES (7, 'Ada')`)
      await restoring.backUp()
      const others: string[] = []
      const agree = async () => {
        others.push((await restoring.restore(MINT)).summary?.restore ?? '')
      }
      const overtaken = restoring.restore({ ...MINT, agree })
      await expect(overtaken).rejects.toMatchObject({ code: 'app.restore-overtaken' })
      expect(await read(restoring.copy, 'note')).toEqual(['1|Ada'])
      const { begun } = await restoring.vault.readRestores(signal)
      expect(begun.map(({ body }) => body.restore)).toEqual(others)
      const { summary } = await restoring.restore(MINT)
      expect(summary).toMatchObject({ inserted: 0, skipped: 1, earlier: others[0] })
    },
  )

  test(`${kind}: who took the number of a restore that never wrote is not overwritten`, async () => {
    await using restoring = await aPair()
    const wrap = (target: Target) => killAt(target, 'before it writes')
    await expect(restoring.restore({ ...MINT, wrap })).rejects.toBe(KILLED)
    await restoring.copy.exec(`INSERT INTO customer (name) VALUES ('Xc')`)
    const before = await contents(restoring)
    const refused = restoring.restore(MINT)
    await expect(refused).rejects.toMatchObject({ code: 'restore.keys-unclear' })
    expect(await contents(restoring)).toEqual(before)
    const [open] = (await restoring.vault.readRestores(signal)).begun
    const undo = { isSkippingConflicts: true, refused: () => {} }
    await restoring.restore({ undoes: open?.body.restore ?? '', undo })
    const { summary } = await restoring.restore(MINT)
    expect(summary).toMatchObject({ inserted: 6 })
    expect((await contents(restoring)).customer).toEqual([
      ...['1|Xa|', '2|Xb|', '3|Xc|'],
      ...['4|Ada|', '5|Bob|4'],
    ])
  })

  test(`${kind}: what an undo leaves to somebody is found again under its number`, async () => {
    await using restoring = await aPair()
    const { summary } = await restoring.restore(MINT)
    // All but the second address and the second line, which the undo takes back.
    await restoring.copy.exec(`UPDATE customer SET name = 'Ada L' WHERE id = 3;
      UPDATE customer SET parent = NULL WHERE id = 4;
      UPDATE address SET city = 'Trier' WHERE customer = 3; DELETE FROM line WHERE customer = 3;`)
    const undo = { isSkippingConflicts: true, refused: () => {} }
    await restoring.restore({ undoes: summary?.restore ?? '', undo })
    const again = await restoring.restore(MINT)
    expect(again.summary).toMatchObject({ verified: { different: 0 } })
    const { address, customer, line } = await contents(restoring)
    expect(customer.filter((row) => /Ada|Bob/.test(row))).toEqual(['3|Ada|', '4|Bob|3'])
    expect([customer.length, address.length, line.length]).toEqual([4, 3, 3])
  })

  test(`${kind}: undone, the numbers count no more`, async () => {
    await using restoring = await aPair()
    const before = await contents(restoring)
    const { summary } = await restoring.restore(MINT)
    const undo = { isSkippingConflicts: false, refused: () => {} }
    await restoring.restore({ undoes: summary?.restore ?? '', undo })
    expect(await contents(restoring)).toEqual(before)
    const again = await restoring.restore(MINT)
    expect(again.summary).toMatchObject({ inserted: 6, updated: 0 })
  })
}

/** A target that the process is killed over. */
function killAt(target: Target, step: (typeof STEPS)[number]): Target {
  return withChangedWrites(target, (write) => {
    const commit = write.commit.bind(write)
    const kill = async () => {
      throw KILLED
    }
    if (step === 'before it writes') {
      if (write.takeKeys !== undefined) write.takeKeys = kill
      write.deferForeignKeys = kill
    }
    write.commit = async () => {
      if (step === 'after its commit') await commit()
      throw KILLED
    }
  })
}
