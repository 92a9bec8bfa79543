/** Tables that hold what is hard to carry: every family of types at its limits, and odd shapes. */
export type TypeFamily = {
  readonly name: string
  /** Statements that make the table `t` and its rows. */
  readonly sql: readonly string[]
  /** The canonical text of the rows, in the order of their fields, sorted. */
  readonly rows: readonly (readonly (string | null)[])[]
  readonly scanOrder?: 'key' | 'none'
}

const CONTROL: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  v: '\v',
  f: '\f',
  b: '\b',
  n: '\n',
}

export const TYPE_FAMILIES: readonly TypeFamily[] = [
  {
    name: 'integers',
    sql: [
      `CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT,
        d INT UNSIGNED, e BIGINT, z INT(6) ZEROFILL, y BOOLEAN)`,
      `INSERT INTO t VALUES (0, -128, 0, -8388608, 0, -9223372036854775808, 42, FALSE),
        (18446744073709551615, 127, 65535, 8388607, 4294967295, 9223372036854775807, 0, TRUE),
        (9007199254740993, NULL, NULL, NULL, NULL, 9007199254740993, NULL, NULL)`,
    ],
    rows: [
      ['0', '-128', '0', '-8388608', '0', '-9223372036854775808', '42', '0'],
      ['9007199254740993', null, null, null, null, '9007199254740993', null, null],
      [
        '18446744073709551615',
        '127',
        '65535',
        '8388607',
        '4294967295',
        '9223372036854775807',
        '0',
        '1',
      ],
    ],
    scanOrder: 'key',
  },
  {
    name: 'decimals',
    sql: [
      'CREATE TABLE t (id DECIMAL(20,4) PRIMARY KEY, a DECIMAL(65,30), b DECIMAL(65,0), c DECIMAL(5,5) UNSIGNED)',
      `INSERT INTO t VALUES (1.5, 12345678901234567890123456789012345.123456789012345678901234567890,
        99999999999999999999999999999999999999999999999999999999999999999, 0.99999), (-1, -0.000000000000000000000000000001, -1, 0)`,
    ],
    rows: [
      ['-1.0000', '-0.000000000000000000000000000001', '-1', '0.00000'],
      [
        '1.5000',
        '12345678901234567890123456789012345.123456789012345678901234567890',
        '99999999999999999999999999999999999999999999999999999999999999999',
        '0.99999',
      ],
    ],
    scanOrder: 'none',
  },
  {
    name: 'floats',
    sql: [
      'CREATE TABLE t (id INT PRIMARY KEY, a FLOAT, b DOUBLE, c FLOAT(7,2), d DOUBLE(10,3))',
      `INSERT INTO t VALUES (1, 1.1, 0.1e0 + 0.2e0, 12345.67, 1234567.891), (2, 16777217, 1e15, -0.1, 0),
        (3, 3.4028234663852886e38, 1.7976931348623157e308, 0, -0.001), (4, 1.4e-45, 5e-324, 1, 1),
        (5, 0.3333333333, -2.2250738585072014e-308, NULL, NULL), (6, -1e-7, 123456789012345680000, 1, 1)`,
    ],
    rows: [
      ['1', '1.1', '0.30000000000000004', '12345.67', '1234567.891'],
      ['2', '16777216', '1e15', '-0.1', '0.000'],
      ['3', '3.4028234663852886e+38', '1.7976931348623157e308', '0', '-0.001'],
      ['4', '1e-45', '5e-324', '1', '1.000'],
      ['5', '0.33333334', '-2.2250738585072014e-308', null, null],
      ['6', '-1e-7', '1.2345678901234568e20', '1', '1.000'],
    ],
  },
  {
    name: 'times',
    sql: [
      `CREATE TABLE t (id DATETIME(6) PRIMARY KEY, a DATE, b TIME(6), c TIMESTAMP(6) NULL,
        d YEAR, e DATETIME, f TIMESTAMP NULL, g TIME)`,
      `INSERT INTO t VALUES ('2026-02-28 23:59:59.999999', '9999-12-31', '-838:59:59.000001',
          '2038-01-19 03:14:07.999999', 2155, '1000-01-01 00:00:00', '1970-01-01 00:00:01', '838:59:59'),
        ('0000-00-00 00:00:00.000000', '0000-00-00', '00:00:00', '0000-00-00 00:00:00', 0,
          '0000-00-00 00:00:00', NULL, '00:00:00'),
        ('2026-06-00 12:00:00.5', '2026-00-00', '12:34:56.000000', '2026-06-30 12:00:00.1', 1901, NULL,
          NULL, '-00:00:01'), ('0001-01-01 00:00:00', '2026-02-31', NULL, NULL, NULL, NULL, NULL, NULL)`,
    ],
    rows: [
      [
        '0000-00-00 00:00:00.000000',
        '0000-00-00',
        '00:00:00.000000',
        '0000-00-00 00:00:00.000000',
        '0000',
        '0000-00-00 00:00:00',
        null,
        '00:00:00',
      ],
      ['0001-01-01 00:00:00.000000', '2026-02-31', null, null, null, null, null, null],
      [
        '2026-02-28 23:59:59.999999',
        '9999-12-31',
        '-838:59:59.000001',
        '2038-01-19 03:14:07.999999',
        '2155',
        '1000-01-01 00:00:00',
        '1970-01-01 00:00:01',
        '838:59:59',
      ],
      [
        '2026-06-00 12:00:00.500000',
        '2026-00-00',
        '12:34:56.000000',
        '2026-06-30 12:00:00.100000',
        '1901',
        null,
        null,
        '-00:00:01',
      ],
    ],
    scanOrder: 'key',
  },
  {
    name: 'bits, sets and enumerations',
    sql: [
      `CREATE TABLE t (id INT PRIMARY KEY, a BIT, b BIT(5), c BIT(64), d ENUM('x', 'y,z', 'é', ''),
        e SET('p', 'q', 'r s') NOT NULL)`,
      `INSERT INTO t VALUES (1, b'1', b'00101', 18446744073709551615, 'é', 'p,r s'),
        (2, b'0', 0, 9223372036854775808, '', ''), (3, NULL, NULL, 1, 'y,z', 'q')`,
    ],
    rows: [
      ['1', '1', '00101', '1'.repeat(64), 'é', 'p,r s'],
      ['2', '0', '00000', `1${'0'.repeat(63)}`, '', ''],
      ['3', null, null, `${'0'.repeat(63)}1`, 'y,z', 'q'],
    ],
  },
  {
    name: 'bytes',
    sql: [
      'CREATE TABLE t (id VARBINARY(20) PRIMARY KEY, a BINARY(4), b TINYBLOB, c BLOB, d MEDIUMBLOB, e LONGBLOB)',
      `INSERT INTO t VALUES (x'', x'00', x'095c0a0d00', x'5c4e', NULL, x'5c2e0a'),
        (x'00', x'ff00', x'', x'c328', x'62', NULL), (x'0001', x'09090909', NULL, NULL, NULL, x''),
        (x'ff', NULL, NULL, NULL, NULL, NULL)`,
    ],
    rows: [
      ['\\x', '\\x00000000', '\\x095c0a0d00', '\\x5c4e', null, '\\x5c2e0a'],
      ['\\x00', '\\xff000000', '\\x', '\\xc328', '\\x62', null],
      ['\\x0001', '\\x09090909', null, null, null, '\\x'],
      ['\\xff', null, null, null, null, null],
    ],
    scanOrder: 'key',
  },
  {
    name: 'text in every encoding',
    sql: [
      `CREATE TABLE t (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY,
        a VARCHAR(20) CHARACTER SET latin1, b CHAR(5) CHARACTER SET ucs2, c TEXT CHARACTER SET utf16,
        d TINYTEXT CHARACTER SET utf32, e VARCHAR(20) CHARACTER SET sjis, f VARCHAR(20) CHARACTER SET koi8r,
        g MEDIUMTEXT CHARACTER SET utf8mb3, h VARCHAR(10) CHARACTER SET ascii,
        i ENUM('ä', 'ß') CHARACTER SET latin1, j LONGTEXT COMPRESSED)`,
      `INSERT INTO t VALUES ('b', 'é€ß', 'ab', '😀é', '😀', '日本', 'Привет', '漢字', 'plain', 'ß', 'long'),
        ('A', CONVERT(x'818d' USING latin1), 'a  ', x'00090000000d', '', '', '\\N', '\\', '', 'ä', ''),
        ('é', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        ('😀 ', '\t', '\r', '\v', '\f', '\b', '\n', '''"\`', '%', NULL, 'a\tb\\nc')`.replaceAll(
        /\\([trvfbn])(?!c)/g,
        (_, letter: string) => CONTROL[letter] ?? '',
      ),
    ],
    rows: [
      ['A', '\u0081\u008d', 'a', '\t\0\r', '', '', '\\N', '\\', '', 'ä', ''],
      ['b', 'é€ß', 'ab', '😀é', '😀', '日本', 'Привет', '漢字', 'plain', 'ß', 'long'],
      ['é', null, null, null, null, null, null, null, null, null, null],
      ['😀 ', '\t', '\r', '\v', '\f', '\b', '\n', '\'"`', '%', null, 'a\tb\\nc'],
    ],
    scanOrder: 'none',
  },
  {
    name: 'documents and identifiers',
    sql: [
      'CREATE TABLE t (id UUID PRIMARY KEY, a INET6, b JSON, d INET4)',
      `INSERT INTO t VALUES ('ffffffff-0000-11ed-861d-0242ac120002', '2001:db8::ff00:42:8329',
          '{"a": [1, 2.50, "é\\n"], "a": null}', '10.0.0.1'),
        ('00000000-0000-0000-0000-000000000000', '::', '[]', '0.0.0.0'),
        ('123e4567-e89b-12d3-a456-426655440000', '::ffff:192.0.2.1', NULL, NULL)`,
    ],
    rows: [
      ['00000000-0000-0000-0000-000000000000', '::', '[]', '0.0.0.0'],
      ['123e4567-e89b-12d3-a456-426655440000', '::ffff:192.0.2.1', null, null],
      [
        'ffffffff-0000-11ed-861d-0242ac120002',
        '2001:db8::ff00:42:8329',
        '{"a": [1, 2.50, "é\\n"], "a": null}',
        '10.0.0.1',
      ],
    ],
    scanOrder: 'none',
  },
  {
    name: 'geometries',
    sql: [
      'CREATE TABLE t (id INT PRIMARY KEY, g GEOMETRY, p POINT NOT NULL, s POLYGON, SPATIAL INDEX (p))',
      `INSERT INTO t VALUES (1, ST_GeomFromText('LINESTRING(0 0, 1.5 2)', 4326), POINT(0.1, -2), NULL),
        (2, NULL, ST_GeomFromText('POINT(1 1)', 3857), ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))'))`,
    ],
    rows: [
      [
        '1',
        `\\xe6100000010200000002000000${'00'.repeat(16)}000000000000f83f0000000000000040`,
        '\\x0000000001010000009a9999999999b93f00000000000000c0',
        null,
      ],
      [
        '2',
        null,
        '\\x110f00000101000000000000000000f03f000000000000f03f',
        `\\x0000000001030000000100000004000000${'00'.repeat(16)}000000000000f03f${'00'.repeat(8)}000000000000f03f000000000000f03f${'00'.repeat(16)}`,
      ],
    ],
  },
  {
    name: 'columns of odd kinds',
    sql: [
      `CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, hidden VARCHAR(5) INVISIBLE DEFAULT 'h',
        made INT GENERATED ALWAYS AS (\`na\`\`me\` * 2) VIRTUAL,
        kept DECIMAL(3,1) AS (\`na\`\`me\` / 3) STORED,
        \`na\`\`me\` INT DEFAULT (1 + 1) COMMENT 'it''s, a (comment', d VARCHAR(20) DEFAULT 'a,b)''"\`',
        touched DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        CONSTRAINT positive CHECK (d <> 'x, y (' AND hidden > ''), KEY by_part (d(3) DESC), UNIQUE (hidden, id))
        AUTO_INCREMENT = 500 COMMENT = 'AUTO_INCREMENT=7 of (t)' ROW_FORMAT = COMPRESSED`,
      `INSERT INTO t (id, d, touched) VALUES (7, 'seven', '2026-01-01 00:00:00.123'), (0 + 9, NULL, NULL)`,
      `INSERT INTO t (hidden, d) VALUES ('x', 'five hundred')`,
      `UPDATE t SET touched = '2026-01-02 00:00:00' WHERE id = 500`,
    ],
    rows: [
      ['7', 'h', '2', 'seven', '2026-01-01 00:00:00.123'],
      ['9', 'h', '2', null, null],
      ['500', 'x', '2', 'five hundred', '2026-01-02 00:00:00.000'],
    ],
    scanOrder: 'key',
  },
  {
    name: 'zero as a number that was given',
    sql: [
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
      "INSERT INTO t VALUES (1, '2026-01-01 00:00:00'), (-5, '2026-01-01 00:00:00')",
      'UPDATE t SET id = 0 WHERE id = 1',
    ],
    rows: [
      ['-5', '2026-01-01 00:00:00'],
      ['0', '2026-01-01 00:00:00'],
    ],
  },
  {
    name: 'partitions',
    sql: [
      `CREATE TABLE t (id INT, at DATE, v INT, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at))
        (PARTITION p0 VALUES LESS THAN (2025), PARTITION p1 VALUES LESS THAN MAXVALUE)`,
      `INSERT INTO t VALUES (2, '2024-01-01', 1), (1, '2026-01-01', 2), (1, '2024-05-05', 3)`,
    ],
    rows: [
      ['1', '2024-05-05', '3'],
      ['1', '2026-01-01', '2'],
      ['2', '2024-01-01', '1'],
    ],
    scanOrder: 'key',
  },
  {
    name: 'rows without a key',
    sql: [
      'CREATE TABLE t (a FLOAT, b TEXT, c BLOB, UNIQUE (b))',
      `INSERT INTO t VALUES (1.1, 'x', x'00'), (1.1, NULL, x'00'), (NULL, NULL, NULL), (NULL, NULL, NULL)`,
    ],
    rows: [
      [null, null, null],
      [null, null, null],
      ['1.1', 'x', '\\x00'],
      ['1.1', null, '\\x00'],
    ],
    scanOrder: 'none',
  },
]
