import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { TargetWrite } from '../connector.ts'
import type { SideEffect, WriteOp } from '../side-effect.ts'
import {
  type ConnectorHarness,
  type ContractSystem,
  entityIn,
  openTarget,
  readTable,
  rowsOf,
} from './contract-system.ts'

const never = new AbortController().signal

/** What runs by itself is listed, kept quiet where that can be, and afterwards as it was. */
export function testSideEffects(label: string, harness: ConnectorHarness): void {
  const { triggers } = harness
  const customer = entityIn(harness, 'customer')
  const other = entityIn(harness, 'other')
  const gone = entityIn(harness, 'gone')

  async function list({ address }: ContractSystem, ops: readonly WriteOp[], entity = customer) {
    await using target = await openTarget(harness, address)
    return await target.listSideEffects([{ entity, ops }], never)
  }

  /** Does one of each, up to the commit. */
  async function change(opened: TargetWrite): Promise<void> {
    const keyed = (...values: string[]) => ({
      key: ['id'],
      fields: ['id', 'name'],
      rows: rowsOf(values),
    })
    await opened.deleteRows(customer, keyed('1', 'Ann'))
    await opened.updateRows(customer, keyed('2', 'Bea'))
    await opened.insertRows(customer, ['id', 'name'], rowsOf(['3', 'Cyd']))
  }

  async function write(
    { address }: ContractSystem,
    { accepted, isLeft }: { accepted?: readonly SideEffect[]; isLeft?: boolean } = {},
  ): Promise<void> {
    await using target = await openTarget(harness, address)
    await using opened = await target.openWrite(never, undefined, [], accepted)
    await change(opened)
    if (isLeft !== true) await opened.commit()
  }

  describe(`${label}: side effects contract`, () => {
    test('a system without triggers sets nothing off', async () => {
      await using system = await harness.freshSystem()
      await system.exec(TABLES)
      expect(await list(system, ['insert', 'update', 'delete'])).toEqual([])
    })

    if (triggers === undefined) return
    const { makeSql, read, state } = triggers

    async function noting(): Promise<ContractSystem> {
      const system = await harness.freshSystem()
      await system.exec(TABLES)
      for (const op of ['insert', 'update', 'delete']) {
        for (const sql of makeSql(`notes ${op}`, 'customer', op)) await system.exec(sql)
      }
      return system
    }

    test('what a write would set off is listed, of written tables only', async () => {
      await using system = await noting()
      const found = await list(system, ['insert', 'update', 'delete'])
      const names = ['notes delete', 'notes insert', 'notes update']
      const expected = names.map((name) => ({ kind: 'trigger', name, entity: customer, state }))
      expect(found.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(expected)
      expect(await list(system, ['insert', 'update', 'delete'], other)).toEqual([])
      expect(await list(system, ['insert', 'update', 'delete'], gone)).toEqual([])
    })

    test.skipIf(state === 'runs')('what can be kept quiet is, and is as before', async () => {
      await using system = await noting()
      const before = await read(system.address)
      await write(system, { isLeft: true })
      expect(await read(system.address)).toEqual(before)
      await write(system)
      expect(await read(system.address)).toEqual(before)
      expect(await readTable(harness, system, entityIn(harness, 'log'))).toEqual([])
      // They run for everybody else.
      await system.exec(`INSERT INTO customer VALUES (9, 'Zoe')`)
      expect(await readTable(harness, system, entityIn(harness, 'log'))).toEqual([['insert']])
    })

    test.skipIf(state === 'quiet')('what runs needs to be accepted', async () => {
      await using system = await noting()
      const before = await read(system.address)
      const found = await list(system, ['insert', 'update', 'delete'])
      const refused = { code: 'connector.denied' }
      await expect(write(system)).rejects.toMatchObject(refused)
      const some = found.filter(({ name }) => name !== 'notes insert')
      await expect(write(system, { accepted: some })).rejects.toMatchObject(refused)
      const elsewhere = found.map((effect) => ({ ...effect, entity: other }))
      await expect(write(system, { accepted: elsewhere })).rejects.toMatchObject(refused)
      const log = entityIn(harness, 'log')
      expect(await readTable(harness, system, log)).toEqual([])
      await write(system, { accepted: found })
      expect((await readTable(harness, system, log)).flat().toSorted()).toEqual([
        'delete',
        'insert',
        'update',
      ])
      expect(await read(system.address)).toEqual(before)
    })

    test('what was not listed does not run', async () => {
      await using system = await harness.freshSystem()
      await system.exec(TABLES)
      await using target = await openTarget(harness, system.address)
      const accepted = await target.listSideEffects([{ entity: customer, ops: ['insert'] }], never)
      await using cut = await target.openCut(never)
      await cut.readCatalogue(() => true)
      for (const sql of makeSql('spy', 'customer', 'insert')) await system.exec(sql)
      const attempt = async () => {
        await using opened = await target.openWrite(never, cut, [], accepted)
        await cut[Symbol.asyncDispose]()
        await opened.insertRows(customer, ['id', 'name'], rowsOf(['3', 'Cyd']))
        await opened.commit()
      }
      const failure = await attempt().catch((error: unknown) => error)
      if (state === 'runs') expect(failure).toMatchObject({ code: 'connector.denied' })
      else if (failure !== undefined) {
        expect(failure).toMatchObject({ code: 'connector.target-changed' })
      }
      expect(await readTable(harness, system, entityIn(harness, 'log'))).toEqual([])
    })

    test('a process that is killed leaves everything as it was', async () => {
      await using system = await noting()
      const before = await read(system.address)
      const accepted = await list(system, ['insert', 'update', 'delete'])
      const { signal, stderr } = writeAndDie(triggers.module, system, accepted)
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
      await expect.poll(() => read(system.address)).toEqual(before)
      await system.exec(`INSERT INTO customer VALUES (9, 'Zoe')`)
      expect(await readTable(harness, system, entityIn(harness, 'log'))).toEqual([['insert']])
    })

    /** The same change, in a process of its own that ends before its commit. */
    function writeAndDie(
      { name, path }: { name: string; path: string },
      { address }: ContractSystem,
      accepted: readonly SideEffect[],
    ) {
      const given = { accepted, address: address.reveal(), customer }
      const script = `const { ${name}: connector } = await import(${JSON.stringify(path)})
        const { Secret } = await import('#stdx/secret')
        const { systemClock } = await import('#stdx/clock')
        const { accepted, address, customer } = ${JSON.stringify(given)}
        const signal = new AbortController().signal
        const target = await connector.openTarget({ address: new Secret(address), connectionsMax: 1,
          bytesPerSecondMax: 0, clock: systemClock, signal })
        const write = await target.openWrite(signal, undefined, [], accepted)
        async function* rows(text) { yield { kind: 'rows', bytes: Buffer.from(text) } }
        const keyed = (text) => ({ key: ['id'], fields: ['id', 'name'], rows: rows(text) })
        await write.deleteRows(customer, keyed('1\\tAnn\\n'))
        await write.updateRows(customer, keyed('2\\tBea\\n'))
        await write.insertRows(customer, ['id', 'name'], rows('3\\tCyd\\n'))
        process.kill(process.pid, 'SIGKILL')`
      return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: import.meta.dirname,
        encoding: 'utf8',
      })
    }
  })
}

const TABLES = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(20));
  CREATE TABLE other (id INTEGER PRIMARY KEY); CREATE TABLE log (what VARCHAR(20));
  INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');`
