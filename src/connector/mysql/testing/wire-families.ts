import type { TypeFamily } from './type-families.ts'

type WireFamily = Pick<TypeFamily, 'name' | 'sql'>

/** All bytes that a character set has a character for, one a row. */
const CHARACTER_SETS = [
  ...['armscii8', 'cp1250', 'cp1251', 'cp1256', 'cp1257', 'cp850', 'cp852', 'cp866', 'dec8'],
  ...['geostd8', 'greek', 'hebrew', 'hp8', 'keybcs2', 'koi8r', 'koi8u', 'latin1', 'latin2'],
  ...['latin5', 'latin7', 'macce', 'macroman', 'swe7', 'tis620'],
]

const MANY_BYTES = ['big5', 'cp932', 'eucjpms', 'euckr', 'gb2312', 'gbk', 'sjis', 'ujis']

/** Every byte that one of them may begin with. */
const WIDE_CHARACTER =
  'IF(n % 2, CHAR(129 + n DIV 70 % 126, 64 + n % 190), CHAR(161 + n DIV 90 % 80, 161 + n % 90))'

/** A number below 1 for each `n`, always the same. */
const random = (n: string, seed: number) => `RAND(${n} * 1000 + ${seed})`

const numbers = (count: number) =>
  `WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < ${count})`

/** What the log writes in a way of its own, besides the families that every connector has. */
export const WIRE_FAMILIES: readonly WireFamily[] = [
  {
    name: 'many doubles and floats',
    sql: [
      'CREATE TABLE t (id INT PRIMARY KEY, a DOUBLE, b FLOAT, c DOUBLE(30,5), d DOUBLE(255,30))',
      `INSERT INTO t ${numbers(900)} SELECT n, (${random('n', 1)} - 0.5) * POW(10, n % 300 - 150),
        (${random('n', 2)} - 0.5) * POW(10, n % 70 - 35), (${random('n', 3)} - 0.5) * POW(10, n % 24),
        (${random('n', 4)} - 0.5) * POW(10, n % 40) FROM n`,
      `INSERT INTO t SELECT 1000 + id, ROUND(a, 3), ROUND(b), NULL, NULL FROM t`,
      `INSERT INTO t VALUES (5001, 1e14, 1e14, 1e14, 1e14), (5002, 1e15, 1e15, 1e15, 1e15),
        (5003, 1e-14, 1e-14, 1e-14, 1e-14), (5004, 1e-15, 1e-15, 1e-15, 1e-15),
        (5005, 1e-16, 1e-16, 0, 1e-16), (5006, -0e0, -0e0, -0e0, -0e0),
        (5007, 123456789012345, 999999, 1e24, 1e120), (5008, 1234567890123456, 0.000012, -1e-9, 1e-30)`,
    ],
  },
  {
    name: 'many decimals',
    sql: [
      `CREATE TABLE t (id INT PRIMARY KEY, a DECIMAL(1,0), b DECIMAL(9,9), c DECIMAL(10,1), d DECIMAL(18,9),
        e DECIMAL(19,10), f DECIMAL(65,30), g DECIMAL(38,38), h DECIMAL(27,18) UNSIGNED, i DECIMAL(12,2) ZEROFILL)`,
      `INSERT INTO t ${numbers(300)} SELECT n, n % 19 - 9, ${random('n', 1)} - 0.5,
        (${random('n', 2)} - 0.5) * 1e9, (${random('n', 3)} - 0.5) * 1e8, (${random('n', 4)} - 0.5) * 1e9,
        CAST((${random('n', 5)} - 0.5) * POW(10, n % 34) AS DECIMAL(65,30)),
        CAST((${random('n', 6)} - 0.5) AS DECIMAL(38,38)), ${random('n', 7)} * 1e9, ${random('n', 8)} * 1e9 FROM n`,
    ],
  },
  {
    name: 'moments of every precision',
    sql: [
      `CREATE TABLE t (id INT PRIMARY KEY, a TIME(1), b TIME(2), c TIME(3), d TIME(4), e TIME(5), f TIME(6),
        g DATETIME(1), h DATETIME(2), i DATETIME(3), j DATETIME(4), k DATETIME(5), l TIMESTAMP(1) NULL,
        m TIMESTAMP(2) NULL, n TIMESTAMP(3) NULL, o TIMESTAMP(4) NULL, p TIMESTAMP(5) NULL, q YEAR, r DATE)`,
      `INSERT INTO t ${numbers(200)} SELECT n, s, s, s, s, s, s, w, w, w, w, w, w, w, w, w, w, 1901 + n % 255, w FROM
        (SELECT n, SEC_TO_TIME((${random('n', 1)} - 0.5) * 5000000) AS s,
          FROM_UNIXTIME(1 + ${random('n', 2)} * 2000000000) AS w FROM n) v`,
      `INSERT INTO t (id, a, b, f) VALUES (1001, '-00:00:00.1', '-00:00:00.01', '-00:00:00.000001'),
        (1002, '-01:00:00', '-00:00:01.99', '-838:59:59.999999')`,
    ],
  },
  {
    name: 'compressed fields',
    sql: [
      `CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(2000) COMPRESSED, b VARBINARY(2000) COMPRESSED,
        c TINYBLOB COMPRESSED, d TEXT COMPRESSED CHARACTER SET latin1, e LONGBLOB COMPRESSED, f VARCHAR(100) COMPRESSED)`,
      `INSERT INTO t VALUES (1, repeat('aé', 900), repeat(x'00ff5c', 600), repeat('c', 255), repeat('dü', 9000),
          repeat(x'095c', 100000), 'short'), (2, '', '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL),
        (4, 'x', x'00', x'00', 'y', x'80', repeat('long', 25))`,
    ],
  },
  {
    name: 'identifiers and addresses of every shape',
    sql: [
      'CREATE TABLE t (id UUID PRIMARY KEY, a INET6, b INET4, c BINARY(3), d BINARY(255), e CHAR(200))',
      `INSERT INTO t ${numbers(300)} SELECT INSERT(INSERT(INSERT(INSERT(h, 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-'),
        CAST(UNHEX(CASE n % 9 WHEN 0 THEN CONCAT(REPEAT('0', n % 32), LEFT(h, 32 - n % 32))
          WHEN 1 THEN CONCAT(LEFT(h, 32 - n % 32), REPEAT('0', n % 32))
          WHEN 2 THEN CONCAT(REPEAT('0', 20), 'ffff', RIGHT(h, 8))
          WHEN 3 THEN CONCAT(REPEAT('0', 24), RIGHT(h, 8))
          WHEN 4 THEN CONCAT(LEFT(h, 8), REPEAT('0', 8), RIGHT(h, 4), REPEAT('0', 8), RIGHT(h, 4))
          WHEN 5 THEN CONCAT(REPEAT('0', 28), RIGHT(h, 4)) WHEN 6 THEN CONCAT(RIGHT(h, 4), REPEAT('0', 4), RIGHT(h, 24))
          ELSE h END) AS INET6), CAST(UNHEX(CASE n % 3 WHEN 0 THEN CONCAT(LEFT(h, 4), '0000') ELSE LEFT(h, 8) END) AS INET4),
        UNHEX(LEFT(h, 6)), REPEAT(UNHEX(LEFT(h, 4)), n % 127), REPEAT(LEFT(h, 3), n % 66) FROM
        (SELECT n, CONCAT(LEFT(MD5(n), 12), 1 + n % 7, MID(MD5(n), 14, 3), ELT(n % 4 + 1, '8', '9', 'a', 'b'), MID(MD5(n), 18)) AS h FROM n) v`,
      `INSERT INTO t (id, a) VALUES ('00000000-0000-1000-8000-000000000000', '::1'),
        ('ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:0:0'), ('00000001-0002-7003-8004-000500060007', '1::'),
        ('00000001-0002-6003-8004-000500060007', '::2:0:0'), ('00000001-0002-0003-8004-000500060007', '0:0:1::')`,
    ],
  },
  {
    name: 'sets and enumerations at their limits',
    sql: [
      `CREATE TABLE t (id INT PRIMARY KEY, a SET(${members(64)}), b SET(${members(9)}), c SET(${members(17)}),
        d SET(${members(33)}), e ENUM(${members(300)}), f ENUM('a\\b', 'it''s', '"', 'ü', ' x', 'A,B') CHARACTER SET latin1,
        g SET('\\', 'ж') CHARACTER SET koi8r)`,
      `INSERT INTO t VALUES (1, 18446744073709551615, 511, 131071, 8589934591, 300, 1, 3), (2, 0, 0, 0, 0, 1, 2, 1),
        (3, 9223372036854775809, 257, 65537, 4294967297, 255, 4, 2), (4, 1, 1, 1, 1, 256, 6, 0), (5, 2, 2, 2, 2, 2, 3, 0)`,
    ],
  },
  ...[...CHARACTER_SETS, ...MANY_BYTES].map((name): WireFamily => {
    const isWide = MANY_BYTES.includes(name)
    const character = isWide ? WIDE_CHARACTER : 'CHAR(n % 256)'
    const text = `CONVERT(CONVERT(${character} USING ${name}) USING utf8mb4)`
    const count = isWide ? 1980 : 256
    return {
      name: `characters of ${name}`,
      sql: [
        `CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b CHAR(9), c TEXT, d ENUM('a', 'b'), e SET('c', 'd'))
          CHARACTER SET ${name}`,
        `INSERT IGNORE INTO t ${numbers(count)} SELECT n, v, CONCAT(v, 'x'), CONCAT('x', v, v), n % 2 + 1, n % 4 FROM
          (SELECT n, ${text} AS v, CAST(CONVERT(${text} USING ${name}) AS BINARY) AS w, ${character} AS x FROM n) v
          WHERE w = x`,
      ],
    }
  }),
]

function members(count: number): string {
  return Array.from({ length: count }, (_, i) => `'m${i}'`).join(', ')
}
