import { describe, expect, test } from 'vitest'
import type { DescribedEntity } from '#record/schema'
import type { NextKey, SourceCut } from '../connector.ts'
import {
  type ConnectorHarness,
  type ContractSystem,
  entityIn,
  openTarget,
  readTable,
  rowsOf,
} from './contract-system.ts'

const never = new AbortController().signal

/** What systems that number records by themselves tell of it, and keep to. */
export function testNumbering(label: string, harness: ConnectorHarness): void {
  const { numbered } = harness
  if (numbered === undefined) return
  const customer = entityIn(harness, 'customer')

  async function withDescribed<T>(
    system: ContractSystem,
    ask: (cut: SourceCut, described: DescribedEntity) => Promise<T> | undefined,
    table = 'customer',
  ): Promise<T | undefined> {
    await using target = await openTarget(harness, system.address)
    await using cut = await target.openCut(never)
    const entity = entityIn(harness, table)
    const { entities } = await cut.readCatalogue((one) => one === entity)
    const [described] = entities
    expect(described).toBeDefined()
    return described && (await ask(cut, described))
  }

  const readNext = async (system: ContractSystem, table?: string): Promise<NextKey | null> =>
    (await withDescribed(system, (cut, described) => cut.readNextKey?.(described), table)) ?? null

  async function aSystem(): Promise<ContractSystem> {
    const system = await harness.freshSystem()
    await system.exec(`CREATE TABLE customer (id ${numbered}, name VARCHAR(20))`)
    return system
  }

  const add = (system: ContractSystem, name: string) =>
    system.exec(`INSERT INTO customer (name) VALUES ('${name}')`)

  describe(`${label}: numbering contract`, () => {
    test('readNextKey() is above the largest key and the counter', async () => {
      await using system = await aSystem()
      expect(await readNext(system)).toEqual({ next: 1n, step: 1n })
      await add(system, 'Ann')
      expect(await readNext(system)).toEqual({ next: 2n, step: 1n })
      await system.exec("INSERT INTO customer (id, name) VALUES (40, 'Bob')")
      expect(await readNext(system)).toEqual({ next: 41n, step: 1n })
      await system.exec('DELETE FROM customer WHERE id = 1')
      expect(await readNext(system)).toEqual({ next: 41n, step: 1n })
    })

    test('readNextKey() is null of a key that the system does not number', async () => {
      await using system = await harness.freshSystem()
      await system.exec(
        'CREATE TABLE pair (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b))',
      )
      await system.exec('CREATE TABLE country (code VARCHAR(2) NOT NULL PRIMARY KEY)')
      expect(await readNext(system, 'pair')).toBeNull()
      expect(await readNext(system, 'country')).toBeNull()
    })

    test('numbers that a write took are not given to what comes after it', async () => {
      await using system = await aSystem()
      await add(system, 'Ann')
      await using target = await openTarget(harness, system.address)
      {
        await using write = await target.openWrite(never)
        await write.takeKeys?.(customer, 4n)
        const rows = rowsOf(['2', 'Bob'], ['4', 'Cyd'])
        await write.insertRows(customer, ['id', 'name'], rows)
        await write.commit()
      }
      await add(system, 'Dan')
      const found = await readTable(harness, system, customer)
      expect(found.at(-1)).toEqual(['5', 'Dan'])
      expect(await readNext(system)).toEqual({ next: 6n, step: 1n })
    })

    test('a counter that rows leave behind is told, and moved past them', async () => {
      await using system = await aSystem()
      await add(system, 'Ann')
      const counters = await withDescribed(system, (cut, described) =>
        cut.readCounters?.(described),
      )
      const [counter] = counters ?? []
      expect(counter).toMatchObject({ field: 'id', step: 1n, next: 2n })
      await using target = await openTarget(harness, system.address)
      {
        await using write = await target.openWrite(never)
        await write.insertRows(customer, ['id', 'name'], rowsOf(['2', 'Bob'], ['90', 'Cyd']))
        for (const to of [90n, 3n]) {
          if (counter?.moving) expect(await write.moveCounter?.(counter, to)).toBeNull()
        }
        await write.commit()
      }
      await add(system, 'Dan')
      expect((await readTable(harness, system, customer)).at(-1)).toEqual(['91', 'Dan'])
    })
  })
}
