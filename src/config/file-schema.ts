import * as z from 'zod'
import { type SettingName, settingOf } from './settings.ts'

/**
 * What may stand in `holdfast.yaml`, one definition each, from which the checks, the reference page
 * and the JSON Schema for editors follow. Every text may hold `${NAME}`.
 */

const glob = z.string().min(1)
const count = (help: string, fallback: number) =>
  z.coerce.number().int().min(0).max(10_000).default(fallback).describe(help)

export const retentionSchema = z.strictObject({
  keepAll: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,4})[hdwy]$/, 'a number with h, d, w or y, like 35d')
    .default('35d')
    .describe('For how long every point is kept: hours, days, weeks or years.'),
  hourly: count('Hours of which the last point is kept.', 0),
  daily: count('Days of which the last point is kept.', 60),
  weekly: count('Weeks of which the last point is kept.', 26),
  monthly: count('Months of which the last point is kept.', 36),
  yearly: count('Years of which the last point is kept.', 10),
  keepMin: z.coerce.number().int().min(1).max(10_000).default(7).describe('Points never dropped.'),
})

const scope = {
  include: z
    .array(glob)
    .min(1)
    .default(['*'])
    .describe(
      'Globs over entity names. `*` stands for any text, dots included; inside double quotes every character stands for itself.',
    ),
  exclude: z.array(glob).default([]).describe('Globs over entity names that are left out.'),
  retention: retentionSchema.optional().describe('Which points are kept.'),
}

const pace = {
  connectionsMax: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Most connections held at a time.'),
  bytesPerSecondMax: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Most bytes read per second over all connections; 0 is no limit.'),
}

const postgres = {
  connector: z.literal('postgres').describe('PostgreSQL 13 to 18.'),
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'a URL like postgres://user@host:5432/database')
    .describe(
      'Where the database is, as a URL; `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as parameters (secret).',
    ),
  ...pace,
}

/** More customers than this are no sample. */
export const DRILLED_MAX = 1000

const duration = z
  .string()
  .regex(/^[1-9][0-9]{0,4}[smhd]$/, 'a number with s, m, h or d, like 30s or 24h')

export const drillSchema = z.strictObject({
  within: duration
    .default('30s')
    .describe(
      'How long putting the customers back may take; a drill that takes longer has failed.',
    ),
  customers: z.coerce
    .number()
    .int()
    .min(1)
    .max(DRILLED_MAX)
    .default(50)
    .describe('How many customers are drawn.'),
  every: duration
    .default('31d')
    .describe('`doctor` and `points` warn when the last drill that passed is older.'),
})

const canarySchema = z.strictObject({
  /** As whom its row is updated: a role that may do nothing else. */
  url: z.string().min(1),
  /** As the source names it; default: `public.holdfast_canary`, or `holdfast_canary` of MariaDB. */
  table: z.string().min(1).optional(),
  /** How often its row is updated. */
  every: duration.default('30s'),
  /** When one that has not come through is warned of. */
  late: duration.default('60s'),
})

export const followSchema = z.strictObject({
  /** Longest a transaction waits before it is committed, together with others. */
  commit: duration.default('1s'),
  /** How often all is scanned and compared with what was told. */
  reconcile: z.union([duration, z.literal(false)], 'a duration like 24h, or false').default('24h'),
  /** How often a source that changes nothing gets an entry. */
  heartbeat: duration.default('5m'),
  canary: canarySchema.optional(),
})

const feed = {
  follow: z
    .union([z.boolean(), followSchema], 'true, false or settings in { }')
    .default(false)
    .describe(
      'Whether the source is followed through its change feed; `source check NAME` then says what that needs. Instead of `true`: `{ commit: 1s, reconcile: 24h, heartbeat: 5m }`, how long a transaction waits at most, how often all is scanned and compared (`false`: only when it has to be), how often a quiet source gets an entry. `canary: { url, table, every: 30s, late: 60s }` proves the way to the vault: a row that another role updates so often, with a warning when that does not come through in time.',
    ),
  feedName: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, 'lower-case letters, digits and _, at most 63')
    .optional()
    .describe(
      'What the feed is called in the source: of PostgreSQL the publication and the slot. Default: `holdfast_NAME`, with `_` for each `-`.',
    ),
}

const mariadbUrl = {
  url: z
    .string()
    .regex(/^(mariadb|mysql):\/\//, 'a URL like mariadb://user@host:3306/database')
    .describe(
      'Where the database is, as a URL; `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`, `socket` and `connect-timeout` as parameters (secret).',
    ),
  ...pace,
}

const mariadb = {
  connector: z.literal('mariadb').describe('MariaDB 10.6 or newer.'),
  ...mariadbUrl,
}

const mysql = {
  connector: z
    .literal('mysql')
    .describe('MySQL 8: spoken to as MariaDB is, and unproved: no such server was tried.'),
  ...mariadbUrl,
}

const sqlite = {
  connector: z.literal('sqlite').describe('A SQLite database file.'),
  file: z.string().min(1).describe('The file, relative to the configuration file.'),
}

const character = z.string().length(1, 'one character')

const filesEntity = z.strictObject({
  key: z.array(z.string().min(1)).optional(),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin1']).optional(),
  delimiter: character.optional(),
  quote: z.enum(['"', "'", 'none']).optional(),
  escape: z.enum(['double', 'backslash']).optional(),
  header: z.array(z.string().min(1)).min(1).optional(),
  nullText: z.union([z.string(), z.literal(false)], 'a text, NULL in quotes, or false').optional(),
  rowsKeptMin: z.coerce.number().min(0).max(1).optional(),
})

const files = {
  connector: z
    .literal('files')
    .describe('A folder of CSV and JSON Lines files that a system with nothing better exports.'),
  folder: z.string().min(1).describe('The folder, relative to the configuration file.'),
  entities: z
    .record(z.string().min(1), filesEntity)
    .default({})
    .describe(
      'What is declared of an entity instead of found in its files, by its name: `key` (a list of fields, empty for none), `encoding`, `delimiter`, `quote`, `escape` (`double`, `backslash`), `header` (names, for files without header line), `nullText` (text outside quotes that is null; false: none is), `rowsKeptMin`.',
    ),
}

const rowsKeptMin = z.coerce
  .number()
  .min(0)
  .max(1)
  .default(0.5)
  .describe(
    'An entity with less than this share of the rows of the point before wants a word: `backup NAME --accept ENTITY`.',
  )

export const sourceSchema = z.discriminatedUnion('connector', [
  z.strictObject({ ...postgres, ...feed, ...scope }),
  z.strictObject({ ...mariadb, ...feed, ...scope }),
  z.strictObject({ ...mysql, ...feed, ...scope }),
  z.strictObject({ ...sqlite, ...scope }),
  z.strictObject({ ...files, rowsKeptMin, ...scope }),
])

export const targetSchema = z.discriminatedUnion('connector', [
  z.strictObject(postgres),
  z.strictObject(mariadb),
  z.strictObject(mysql),
  z.strictObject(sqlite),
  z.strictObject(files),
])

export const SYSTEM_NAME = /^[a-z][a-z0-9-]{0,62}$/

const place = z.string().min(1)

/** Defined as settings of the process, which is what they are. */
function ofProcess(name: SettingName) {
  const { help, type } = settingOf(name)
  return type.optional().describe(help)
}

const s3 = {
  s3Endpoint: ofProcess('s3Endpoint'),
  s3Region: ofProcess('s3Region'),
  s3Profile: ofProcess('s3Profile'),
  s3PathStyle: ofProcess('s3PathStyle'),
  s3ObjectLock: ofProcess('s3ObjectLock'),
}

/** The file without what its sources and targets hold: those are checked one by one. */
export const outlineSchema = z.strictObject({
  vault: place.optional().describe('Where the vault is: a folder, or `s3://bucket/prefix`.'),
  keyring: place
    .optional()
    .describe('Where the keyring of the vault is; default: `keyring` in the vault.'),
  ...s3,
  stateDir: place.optional().describe('Where the newest heads seen are remembered.'),
  tempDir: place.optional().describe('Where sealed temporary files may lie.'),
  drill: drillSchema
    .optional()
    .describe(
      'What `holdfast drill` is held to: `{ within: 30s, customers: 50, every: 31d }`. `within` is how long putting so many `customers` back may take; `doctor` and `points` warn when the last drill that passed is older than `every`.',
    ),
  sources: z.record(z.string(), z.unknown()).nullish().describe('The systems that are backed up.'),
  targets: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('Where a restore may write; a source is never silently a target.'),
})

const systemName = z.string().regex(SYSTEM_NAME)

/** The whole, for the JSON Schema. */
export const fileSchema = outlineSchema.extend({
  sources: z.record(systemName, sourceSchema).nullish().describe('The systems that are backed up.'),
  targets: z
    .record(systemName, targetSchema)
    .nullish()
    .describe('Where a restore may write; a source is never silently a target.'),
})

export type FilesEntity = z.infer<typeof filesEntity>
export type SourceSettings = z.infer<typeof sourceSchema>
export type TargetSettings = z.infer<typeof targetSchema>
export type Retention = z.infer<typeof retentionSchema>
