import { expect, test } from 'vitest'
import { readTable } from '#connector/testing/contract-system'
import { mariadbHarness } from '#connector/testing/mariadb-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { aRestoring, type RestoreChange } from './testing/a-restore.ts'
import { testRestoring } from './testing/restoring-contract.ts'
import { testRestoringSince } from './testing/restoring-since.ts'

describeMariadb('restoring', () => {
  testRestoring('mariadb', mariadbHarness)
  testRestoringSince('mariadb', mariadbHarness)

  test('numbers and times that are narrower in the target keep every digit or nothing', async () => {
    await using restoring = await aRestoring(
      mariadbHarness,
      `CREATE TABLE price (id INT PRIMARY KEY, net DECIMAL(15,4), weight DOUBLE);
      CREATE TABLE visit (id INT PRIMARY KEY, at DATETIME(6), note VARCHAR(20));
      INSERT INTO price VALUES (1, 1.5, 0.1), (2, 1.2345, 16777217);
      INSERT INTO visit VALUES (1, '2026-01-01 12:00:00.5', 'a'), (2, '2026-01-01 12:00:00', 'b')`,
    )
    await restoring.backUp()
    const { copy } = restoring
    const refuses = async (entity: string, code: string) => {
      const before = await readTable(mariadbHarness, copy, entity)
      const change: RestoreChange = { entities: [entity] }
      await expect(restoring.restore(change)).rejects.toMatchObject({ code })
      expect(await readTable(mariadbHarness, copy, entity)).toEqual(before)
    }
    await copy.exec('DELETE FROM visit; ALTER TABLE visit MODIFY at DATETIME, MODIFY note TEXT')
    await refuses('visit', 'restore.value-lost')
    await copy.exec('DELETE FROM price; ALTER TABLE price MODIFY net DECIMAL(15,2)')
    await refuses('price', 'connector.value-refused')
    await copy.exec('ALTER TABLE price MODIFY net DECIMAL(15,4), MODIFY weight FLOAT')
    await refuses('price', 'restore.value-lost')
    // What fits is the same, however it is printed there.
    await copy.exec(`ALTER TABLE price MODIFY net DECIMAL(20,6), MODIFY weight DOUBLE;
      ALTER TABLE visit MODIFY at DATETIME(6)`)
    expect((await restoring.restore()).summary).toMatchObject({ inserted: 4 })
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
  })

  test('generated, invisible and counted fields come back, and dates that are none', async () => {
    await using restoring = await aRestoring(
      mariadbHarness,
      `SET SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES';
      CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20),
        shout VARCHAR(20) AS (UPPER(name)) STORED, quiet INT INVISIBLE DEFAULT 3, day DATE, raw BLOB);
      INSERT INTO t (id, name, day, raw) VALUES (18446744073709551000, 'a', '0000-00-00', x'00ff0a'),
        (2, 'b', '2026-02-31', ''), (3, NULL, NULL, NULL)`,
    )
    await restoring.backUp()
    await restoring.copy.exec('DELETE FROM t WHERE id > 2; UPDATE t SET quiet = 0, raw = NULL')
    expect((await restoring.restore()).summary).toMatchObject({ inserted: 2, updated: 1 })
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
    await restoring.copy.exec('DROP TABLE t')
    await restoring.restore()
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
    await restoring.copy.exec(`INSERT INTO t (name) VALUES ('next')`)
    const rows = await readTable(mariadbHarness, restoring.copy, 't')
    expect(rows.map(([id]) => id)).toContain('18446744073709551001')
  })
})
