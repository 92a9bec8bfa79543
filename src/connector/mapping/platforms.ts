import type { JsonValue } from '#record/schema'
import { parseSharedDefinition } from '../postgres/definition.ts'
import { readMariadbType, writeMariadbType } from './mariadb-types.ts'
import type { NeutralTable, NeutralType, OwnType } from './neutral.ts'
import { readPostgresType, writePostgresType } from './postgres-types.ts'
import { readMariadbTables } from './read-mariadb-table.ts'
import { readPostgresTables } from './read-postgres-table.ts'
import { readSqliteTables } from './read-sqlite-table.ts'
import type { SourceTables } from './source-tables.ts'
import { readSqliteType, writeSqliteType } from './sqlite-types.ts'
import { writeMariadbTables } from './write-mariadb-tables.ts'
import { writePostgresTables } from './write-postgres-tables.ts'
import { writeSqliteTables } from './write-sqlite-tables.ts'
import type { MadeTables, Naming } from './write-tables.ts'

/** What a mapping needs of each kind of system between which tables can be moved. */
export type Platform = {
  /** Its name in a message. */
  readonly title: string
  readTables(tables: SourceTables): readonly NeutralTable[]
  writeTables(tables: readonly NeutralTable[], naming: Naming): MadeTables
  /** A type of a table that is there; `definition` is its catalogue's. */
  readType(type: string, definition: JsonValue): OwnType
  /** The same for types that differ in their spelling only. */
  spellType(type: string): string
  /** The parts of an entity's name, from one that does without schemas. */
  nameTable(table: string): readonly string[]
  readonly isCaseless: boolean
  /** Its floats hold NaN, infinities or -0. */
  readonly hasOddFloats: boolean
  /** The type that a single field of `type`, part of no key, has here. */
  writeType(type: NeutralType): OwnType
  /** Types that a documentation names, as the catalogue prints them. */
  readonly examples: readonly string[]
  /** Bytes of a name. */
  readonly nameBytesMax: number
}

const POSTGRES_TYPES = [
  ...['smallint', 'integer', 'bigint', 'numeric(12,2)', 'numeric', 'real', 'double precision'],
  ...['boolean', 'text', 'character varying(80)', 'character(5)', 'bytea', 'uuid', 'json', 'jsonb'],
  ...['date', 'time without time zone', 'time with time zone', 'timestamp without time zone'],
  ...['timestamp with time zone', 'interval', 'bit(8)', 'oid', 'inet', 'money', 'xml', 'point'],
  ...['int4range', 'text[]', 'public.citext'],
]
const MARIADB_TYPES = [
  ...['tinyint(1)', 'tinyint(4)', 'smallint(6)', 'mediumint(9)', 'int(11)', 'int(10) unsigned'],
  ...[
    'bigint(20)',
    'bigint(20) unsigned',
    'decimal(12,2)',
    'float',
    'double',
    'varchar(80)',
    'char(5)',
  ],
  ...['longtext', 'varbinary(20)', 'longblob', 'date', 'time(6)', 'datetime(6)', 'timestamp(6)'],
  ...['year(4)', "enum('a','b')", "set('a','b')", 'bit(8)', 'uuid', 'inet6', 'point'],
]
const SQLITE_TYPES = [
  ...[
    'INTEGER',
    'BIGINT',
    'REAL',
    'TEXT',
    'VARCHAR(80)',
    'BLOB',
    'BOOLEAN',
    'NUMERIC',
    'DECIMAL(12,2)',
  ],
  ...['DATE', 'DATETIME', 'DECIMAL_TEXT(12,2)', 'DATE_TEXT', 'TIME_TEXT(6)', 'TIMESTAMP_TEXT(6)'],
  ...[
    'TIMESTAMPTZ_TEXT(6)',
    'UUID_TEXT',
    'JSON_TEXT',
    'DURATION_TEXT',
    'PADDED_TEXT(5)',
    'BIT_TEXT(8)',
  ],
]

export const PLATFORMS: Readonly<Record<string, Platform>> = {
  postgres: {
    title: 'PostgreSQL',
    readTables: readPostgresTables,
    writeTables: writePostgresTables,
    readType: (type, definition) => readPostgresType(type, parseSharedDefinition(definition)),
    spellType: (type) => type,
    nameTable: (table) => ['public', table],
    isCaseless: false,
    hasOddFloats: true,
    writeType: (type) => writePostgresType(type, false),
    examples: POSTGRES_TYPES,
    nameBytesMax: 63,
  },
  mariadb: {
    title: 'MariaDB',
    readTables: readMariadbTables,
    writeTables: writeMariadbTables,
    readType: (type) => readMariadbType(type),
    // How wide integers are printed differs between servers; `tinyint(1)` is said by people.
    spellType: (type) => type.replace(/^((?:small|medium|big)?int|tinyint)\((?!1\))\d+\)/, '$1'),
    nameTable: (table) => [table],
    isCaseless: true,
    hasOddFloats: false,
    writeType: (type) => writeMariadbType(type, { keyLength: null }),
    examples: MARIADB_TYPES,
    nameBytesMax: 64,
  },
  sqlite: {
    title: 'SQLite',
    readTables: readSqliteTables,
    writeTables: writeSqliteTables,
    readType: (type) => readSqliteType(type, null),
    spellType: (type) => type,
    nameTable: (table) => ['main', table],
    isCaseless: true,
    hasOddFloats: true,
    writeType: (type) => writeSqliteType(type, false),
    examples: SQLITE_TYPES,
    nameBytesMax: Number.POSITIVE_INFINITY,
  },
}
