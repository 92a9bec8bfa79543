import { expect, test } from 'vitest'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { tellSteps } from '../../testing/tell-steps.ts'
import { mariadbFeedHarness } from '../testing/feed-system.ts'

type Steps = Parameters<typeof tellSteps>[2]
const tell = (setup: string, steps: Steps) => tellSteps(mariadbFeedHarness, setup, steps)

const SETUP =
  'CREATE TABLE t (id INT PRIMARY KEY, v INT, w TEXT); INSERT INTO t VALUES (1, 1, NULL)'

describeMariadb('feed: what changes a table', () => {
  test('fields that come, go and change are described before the rows that have them', async () => {
    const live = [
      "ALTER TABLE t ADD d VARCHAR(9) DEFAULT 'x'",
      'UPDATE t SET v = 2',
      'ALTER TABLE t DROP COLUMN v, ADD KEY (d)',
      "UPDATE t SET w = 'z'",
    ]
    expect(await tell(SETUP, { live })).toEqual([
      'described t (id int(11), v int(11)=\\N, w text=\\N, d varchar(9))',
      'update t 1 2 \\N x',
      'described t (id int(11), w text=\\N, d varchar(9))',
      'update t 1 z x',
    ])
  })

  test('a change that may have touched values leaves the rows to a scan, and is followed again', async () => {
    const live = [
      'ALTER TABLE t MODIFY v BIGINT',
      'UPDATE t SET v = 2',
      'ALTER TABLE t CHANGE w x TEXT',
      'UPDATE t SET v = 3',
    ]
    expect(await tell(SETUP, { live })).toEqual([
      'unfollowed t: it was altered in a way that may have changed its rows',
      'described t (id int(11), v bigint(20)=\\N, w text=\\N)',
      'update t 1 2 \\N',
      'unfollowed t: it was altered in a way that may have changed its rows',
      'described t (id int(11), v bigint(20)=\\N, x text=\\N)',
      'update t 1 3 \\N',
    ])
  })

  test('rows from before a change that was made meanwhile are read as they were', async () => {
    const before = ['UPDATE t SET v = 2', 'ALTER TABLE t ADD d INT', 'UPDATE t SET v = 3']
    expect(await tell(SETUP, { before })).toEqual([
      'update t 1 2 \\N',
      'described t (id int(11), v int(11)=\\N, w text=\\N, d int(11)=\\N)',
      'update t 1 3 \\N \\N',
    ])
  })

  test('rows between two changes that were made meanwhile are left to a scan, by name', async () => {
    const before = [
      'UPDATE t SET v = 2',
      'ALTER TABLE t ADD d INT',
      'UPDATE t SET v = 3',
      'ALTER TABLE t ADD e INT',
      'UPDATE t SET v = 4',
    ]
    expect(await tell(SETUP, { before })).toEqual([
      'update t 1 2 \\N',
      'unfollowed t: its fields were changed',
      'described t (id int(11), v int(11)=\\N, w text=\\N, d int(11)=\\N, e int(11)=\\N)',
      'update t 1 4 \\N \\N \\N',
    ])
  })

  test('TRUNCATE and DROP empty a table, and a new one of the name begins empty', async () => {
    const before = [
      'TRUNCATE t',
      'INSERT INTO t VALUES (5, 5, NULL)',
      'truncate table `t` /* again */',
      'DROP TABLE IF EXISTS nowhere, t',
      'CREATE TABLE t (id INT PRIMARY KEY, v INT, w TEXT)',
      "INSERT INTO t VALUES (6, 6, 'new')",
      'CREATE OR REPLACE TABLE t (id INT PRIMARY KEY) SELECT 7 AS id',
    ]
    expect(await tell(SETUP, { before })).toEqual([
      'truncate t',
      'insert t 5 5 \\N',
      'truncate t',
      'truncate t',
      'insert t 6 6 new',
      'truncate t',
      'described t (id int(11))',
      'insert t 7',
    ])
  })

  test('a table that takes the name of another is left to a scan', async () => {
    const tables = `${SETUP}; CREATE TABLE n LIKE t; INSERT INTO n VALUES (9, 9, NULL)`
    const live = [
      'RENAME TABLE t TO old, n TO t',
      "UPDATE t SET w = 'swapped'",
      'ALTER TABLE t RENAME TO z',
    ]
    expect(await tell(tables, { live })).toEqual([
      'truncate t',
      'unfollowed old: its rows are those that `t` had, which was renamed',
      'truncate n',
      'unfollowed t: its rows are those that `n` had, which was renamed',
      'described t (id int(11), v int(11)=\\N, w text=\\N)',
      'update t 9 9 swapped',
      'truncate t',
      'unfollowed z: its rows are those that `t` had, which was renamed',
    ])
  })

  test('partitions that are emptied leave the table to a scan', async () => {
    const setup = `CREATE TABLE p (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id)
      (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN MAXVALUE);
      INSERT INTO p VALUES (1, 1), (11, 11)`
    const live = [
      'UPDATE p SET id = 12 WHERE id = 1',
      'ALTER TABLE p TRUNCATE PARTITION b',
      'INSERT INTO p VALUES (2, 2)',
    ]
    expect(await tell(setup, { live })).toEqual([
      'delete p 1',
      'insert p 12 1',
      'unfollowed p: it was altered in a way that may have changed its rows',
      'described p (id int(11), v int(11)=\\N)',
      'insert p 2 2',
    ])
  })

  test('what a statement in the log changed, or a foreign key, is not guessed at', async () => {
    const setup = `${SETUP}; CREATE TABLE s (id INT PRIMARY KEY); INSERT INTO s VALUES (1);
      CREATE TABLE c (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE);
      CREATE TABLE keyless (a INT)`
    const live = [
      'INSERT INTO c VALUES (1, 1); INSERT INTO keyless VALUES (1)',
      'SET SESSION binlog_format = STATEMENT; UPDATE t SET v = 5; SET SESSION binlog_format = ROW',
      'UPDATE t SET v = 6',
      'DELETE FROM t',
    ]
    expect(await tell(setup, { live })).toEqual([
      'unfollowed t: the log holds a statement instead of the rows that it changed',
      'described t (id int(11), v int(11)=\\N, w text=\\N)',
      'update t 1 6 \\N',
      'delete t 1',
    ])
  })

  test('fields that a session left out are as before, or the table is left to a scan', async () => {
    const live = [
      'SET SESSION binlog_row_image = MINIMAL; UPDATE t SET v = 2',
      'UPDATE t SET id = 3',
      'DELETE FROM t',
      'INSERT INTO t (id) VALUES (4)',
      'SET SESSION binlog_row_image = FULL; UPDATE t SET v = 5',
    ]
    expect(await tell(SETUP, { live })).toEqual([
      'update t 1 2 ~',
      'delete t 1',
      'insert t 3 ~ ~ from 1',
      'delete t 3',
      'unfollowed t: a session left fields of new rows, or the key, out of the log (binlog_row_image)',
      'described t (id int(11), v int(11)=\\N, w text=\\N)',
      'update t 4 5 \\N',
    ])
  })

  test('XA transactions are not told before they are committed', async () => {
    const prepared = (xid: string, v: number) =>
      `XA START '${xid}'; UPDATE t SET v = ${v}; XA END '${xid}'; XA PREPARE '${xid}'`
    const live = [
      `${prepared('x', 2)}; XA COMMIT 'x'`,
      'UPDATE t SET v = 3',
      `${prepared('y', 4)}; XA ROLLBACK 'y'`,
      "XA START 'z'; UPDATE t SET v = 5; XA END 'z'; XA COMMIT 'z' ONE PHASE",
    ]
    expect(await tell(SETUP, { live })).toEqual([
      'unfollowed t: an XA transaction changed it, which the log told before it was committed',
      'described t (id int(11), v int(11)=\\N, w text=\\N)',
      'update t 1 3 \\N',
      'update t 1 5 \\N',
    ])
  })

  test('what was rolled back in part, or in a temporary table, is not told', async () => {
    const before = [
      `BEGIN; UPDATE t SET v = 2; SAVEPOINT a; UPDATE t SET v = 3; ROLLBACK TO a; COMMIT`,
      'BEGIN; UPDATE t SET v = 9; ROLLBACK',
      'CREATE TEMPORARY TABLE tmp (id INT PRIMARY KEY); INSERT INTO tmp VALUES (1); DROP TEMPORARY TABLE tmp',
      `BEGIN; CREATE TEMPORARY TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);
        DROP TEMPORARY TABLE t; UPDATE t SET v = 4; ROLLBACK`,
      'UPDATE t SET v = 5',
    ]
    expect(await tell(SETUP, { before })).toEqual(['update t 1 2 \\N', 'update t 1 5 \\N'])
  })
})
