import { expect, test } from 'vitest'
import {
  type ConnectorHarness,
  type ContractSystem,
  entityIn,
  type Lacking,
  readTable,
} from '#connector/testing/contract-system'
import { aRestoring, type Restoring } from './a-restore.ts'

/** What the suites of restores share: names, rows and outcomes of systems of one kind. */
export function openKit(harness: ConnectorHarness) {
  const name = (table: string) => entityIn(harness, table)
  const having = (what: Lacking) => test.skipIf(harness.lacks?.includes(what) ?? false)
  const start = (sql: string) => aRestoring(harness, sql)
  const read = async (system: ContractSystem, table: string) =>
    (await readTable(harness, system, name(table))).map((row) => row.join('|')).sort()

  /** The copy holds what the source held. */
  async function expectSame({ copy, erp, verify }: Restoring, tables: string[]): Promise<void> {
    for (const table of tables) expect(await read(copy, table)).toEqual(await read(erp, table))
    expect(await verify()).toMatchObject({ verdict: 'same' })
  }

  async function expectNothingWritten(
    { copy }: Restoring,
    tables: string[],
    attempt: () => Promise<unknown>,
    failure: Record<string, unknown>,
  ): Promise<void> {
    const before = await Promise.all(tables.map((table) => read(copy, table)))
    await expect(attempt()).rejects.toMatchObject(failure)
    expect(await Promise.all(tables.map((table) => read(copy, table)))).toEqual(before)
  }

  return { expectNothingWritten, expectSame, having, name, read, start }
}
