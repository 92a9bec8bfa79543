import type { JsonValue } from '#record/schema'
import { parseSharedDefinition } from '../postgres/definition.ts'
import { readMariadbType } from './mariadb-types.ts'
import type { NeutralTable, OwnType } from './neutral.ts'
import { readPostgresType } from './postgres-types.ts'
import { readMariadbTables } from './read-mariadb-table.ts'
import { readPostgresTables } from './read-postgres-table.ts'
import { readSqliteTables } from './read-sqlite-table.ts'
import type { SourceTables } from './source-tables.ts'
import { readSqliteType } from './sqlite-types.ts'
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
  /** Bytes of a name. */
  readonly nameBytesMax: number
}

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
    nameBytesMax: Number.POSITIVE_INFINITY,
  },
}
