import type { DescribedEntity } from '#record/schema'
import type { FeedFinding, FeedReport } from '../../feed.ts'
import type { FeedFacts } from './feed-facts.ts'
import { judgeEntity } from './judge-entity.ts'

/** What a feed needs of the server, the user and each table, against what is there. */
export function judgeFeed(facts: FeedFacts, entities: readonly DescribedEntity[]): FeedReport {
  const findings = [...judgeServer(facts), ...judgeUser(facts), ...judgeKeeping(facts)]
  const followed = []
  for (const described of entities) {
    const left = judgeEntity(described)
    if (left === undefined) followed.push(described.entity)
    else findings.push({ kind: 'not-followed', entity: described.entity, ...left })
  }
  return { findings, followed, isReady: findings.every(({ kind }) => kind !== 'blocks') }
}

type Wanted = {
  readonly value: string
  /** Does as well. */
  readonly or?: string
  readonly means: string
  readonly costs: string | null
}

/** Settings that can be set while the server runs; what was written before stays as it is. */
const WANTED: Readonly<Record<string, Wanted>> = {
  binlog_format: {
    value: 'ROW',
    means: 'Otherwise the log holds statements, and nobody can say which rows they changed.',
    costs: 'More log for statements that change many rows.',
  },
  binlog_row_image: {
    value: 'FULL',
    or: 'FULL_NODUP',
    means: 'Otherwise the log leaves fields out, and a row cannot be told whole.',
    costs: 'More log for updates of wide rows.',
  },
  binlog_row_metadata: {
    value: 'FULL',
    means:
      'Otherwise the log names no columns and no character sets, and values would be guessed at.',
    costs: null,
  },
}

function judgeServer(facts: FeedFacts): FeedFinding[] {
  const { isMariadb, settings, version } = facts
  if (!isMariadb) {
    return [
      {
        ...blocks(`the server is MySQL ${version}`),
        means:
          'Its log has other marks of transactions and other documents, which are not read yet.',
        remedy: ['Back it up by scans: holdfast backup'],
      },
    ]
  }
  if (settings.get('log_bin') !== 'ON') {
    return [
      {
        ...blocks('the server writes no binary log'),
        means: 'There is nothing to follow.',
        remedy: [
          'In my.cnf: [mariadb] log_bin, server_id = 1, binlog_format = ROW, binlog_row_metadata = FULL',
          'Restart the server',
        ],
        costs: 'A restart; then each change is written twice, and space for the log.',
      },
    ]
  }
  const findings = Object.entries(WANTED).flatMap(([name, { costs, means, or, value }]) => {
    const found = settings.get(name)
    if (found === value || (found !== undefined && found === or)) return []
    const remedy = [
      `SET GLOBAL ${name} = ${value};`,
      `In my.cnf: [mariadb] ${name} = ${value}`,
      'Let every application connect anew: a session keeps what it began with',
    ]
    return [{ ...blocks(`${name} is ${found ?? 'not known'}`), means, remedy, costs }]
  })
  if (settings.get('server_id') === '0') {
    findings.push({
      ...blocks('server_id is 0'),
      means: 'The server sends its log to nobody.',
      remedy: ['SET GLOBAL server_id = 1;', 'In my.cnf: [mariadb] server_id = 1'],
      costs: null,
    })
  }
  return [
    ...findings,
    ...judgeLogged(facts),
    ...judgeStrictness(settings),
    ...judgeDurability(settings),
  ]
}

/** What is kept out of the log. */
function judgeLogged({ database, isReplica, logged, settings }: FeedFacts): FeedFinding[] {
  const findings: FeedFinding[] = []
  const isLeftOut = logged.only.length > 0 && !logged.only.includes(database)
  if (isLeftOut || logged.not.includes(database)) {
    findings.push({
      ...blocks(`the log leaves out the database ${database}`),
      means: 'binlog_do_db or binlog_ignore_db keeps its changes out of the log.',
      remedy: [
        'Take it out of binlog_ignore_db, or into binlog_do_db, in my.cnf',
        'Restart the server',
      ],
      costs: 'A restart, and space for its changes in the log.',
    })
  }
  if (isReplica && settings.get('log_slave_updates') !== 'ON') {
    findings.push({
      ...blocks('the server is a replica, and log_slave_updates is OFF'),
      means: 'What it takes over from its primary is not in its own log.',
      remedy: [
        'In my.cnf: [mariadb] log_slave_updates = ON',
        'Restart the server, or follow the primary',
      ],
      costs: 'A restart; then each change is written to its log, too.',
    })
  }
  return findings
}

function judgeStrictness(settings: FeedFacts['settings']): FeedFinding[] {
  const findings: FeedFinding[] = []
  if (settings.get('gtid_strict_mode') !== 'ON') {
    findings.push({
      kind: 'advice',
      entity: null,
      found: 'gtid_strict_mode is OFF',
      means: 'Numbers of transactions may then go backwards, and a place in the log be ambiguous.',
      remedy: ['SET GLOBAL gtid_strict_mode = ON;', 'In my.cnf: [mariadb] gtid_strict_mode = ON'],
      costs: null,
    })
  }
  if (settings.get('binlog_checksum') === 'NONE') {
    findings.push({
      kind: 'advice',
      entity: null,
      found: 'binlog_checksum is NONE',
      means: 'Damage to the log or on the way would not be noticed.',
      remedy: [
        'SET GLOBAL binlog_checksum = CRC32;',
        'In my.cnf: [mariadb] binlog_checksum = CRC32',
      ],
      costs: null,
    })
  }
  return findings
}

/** What a server must write to its disk before it says that a transaction is committed. */
const DURABLE: Readonly<Record<string, readonly string[]>> = {
  innodb_flush_log_at_trx_commit: ['1', '3'],
  sync_binlog: ['1'],
}

function judgeDurability(settings: FeedFacts['settings']): FeedFinding[] {
  return Object.entries(DURABLE).flatMap(([name, wanted]) => {
    const found = settings.get(name)
    if (found === undefined || wanted.includes(found)) return []
    return {
      kind: 'danger',
      entity: null,
      found: `${name} is ${found}`,
      means:
        'When the server crashes, its tables and its log may part: one has transactions that the other lost.',
      remedy: [`SET GLOBAL ${name} = 1;`, `In my.cnf: [mariadb] ${name} = 1`],
      costs: 'Each commit waits for the disk. After a crash a reconcile shows what differs.',
    }
  })
}

function judgeUser({ isMariadb, rights, settings, user }: FeedFacts): FeedFinding[] {
  if (!isMariadb || settings.get('log_bin') !== 'ON' || rights.has('ALL PRIVILEGES')) return []
  const missing: [string, string][] = []
  if (!rights.has('REPLICATION SLAVE'))
    missing.push(['REPLICATION SLAVE', 'It may not read the log.'])
  if (!rights.has('BINLOG MONITOR') && !rights.has('REPLICATION CLIENT')) {
    missing.push(['BINLOG MONITOR', 'It may not ask which part of the log the server still has.'])
  }
  return missing.map(([right, means]) => ({
    ...blocks(`the user ${user} has no right ${right}`),
    means,
    remedy: [`GRANT ${right} ON *.* TO ${user};`],
    costs:
      right === 'REPLICATION SLAVE'
        ? 'The user can then read every change of the server, of other databases too.'
        : null,
  }))
}

/** Follow without longer pauses than this, or a gap is recorded. */
const KEEP_SECONDS_MIN = 3 * 86_400
export const KEEP_SQL = `SET GLOBAL binlog_expire_logs_seconds = 604800;`

function judgeKeeping({ isMariadb, settings }: FeedFacts): FeedFinding[] {
  if (!isMariadb || settings.get('log_bin') !== 'ON') return []
  const findings: FeedFinding[] = []
  const seconds = keptSeconds(settings)
  if (seconds !== null && seconds < KEEP_SECONDS_MIN) {
    findings.push({
      kind: 'danger',
      entity: null,
      found: `the log is kept for ${Math.round(seconds / 3600)} hours`,
      means: 'While Holdfast is away for longer, what was committed is lost to it: a gap.',
      remedy: [KEEP_SQL, 'In my.cnf: [mariadb] binlog_expire_logs_seconds = 604800'],
      costs: 'Space for the log of a week.',
    })
  }
  const total = Number(settings.get('max_binlog_total_size') ?? 0)
  if (total > 0) {
    findings.push({
      kind: 'danger',
      entity: null,
      found: `max_binlog_total_size is ${total}`,
      means: 'When the log grows past it the server drops what may not have been read: a gap.',
      remedy: ['SET GLOBAL max_binlog_total_size = 0;'],
      costs: 'The log is then kept by time only.',
    })
  }
  if (seconds === null) {
    findings.push({
      kind: 'advice',
      entity: null,
      found: 'the log is kept for ever',
      means: 'It grows until the disk is full. Nothing here removes it.',
      remedy: [KEEP_SQL, 'In my.cnf: [mariadb] binlog_expire_logs_seconds = 604800'],
      costs: null,
    })
  }
  return findings
}

/** How long the server keeps its log; `null`: for ever. */
export function keptSeconds(settings: FeedFacts['settings']): number | null {
  const seconds = Number(settings.get('binlog_expire_logs_seconds') ?? 0)
  const days = Number(settings.get('expire_logs_days') ?? 0)
  return seconds || days * 86_400 || null
}

function blocks(found: string) {
  return { kind: 'blocks', entity: null, found, costs: null } as const
}
