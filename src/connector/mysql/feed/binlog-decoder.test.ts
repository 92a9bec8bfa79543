import { describe, expect, test } from 'vitest'
import { formatEntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import { EventWriter } from '../testing/event-writer.ts'
import { BinlogDecoder } from './binlog-decoder.ts'
import { EVENT } from './binlog-event.ts'
import { formColumn } from './column-form.ts'
import { parsePosition } from './gtid-position.ts'
import { planRows } from './row-plan.ts'
import type { TableMap } from './table-map.ts'

const LARGE = 'x'.repeat(700_000)

describe('BinlogDecoder', () => {
  test('tells transactions whole, with the place behind them', () => {
    const { log, tell } = aLog()
    const map = log.tableMap('t')
    const events = [
      log.gtid(5),
      map,
      log.rows([
        [1, 'a'],
        [2, 'b\t'],
      ]),
      log.xid(),
    ]
    expect(tell(...events)).toEqual([
      'begin 0-1-5 2026-11-22T08:37:19Z',
      '1\ta\n2\tb\\t\n',
      expect.stringMatching(/^commit 0-1-5 \(binlog\.000003:\d+\)$/),
    ])
  })

  test('tells nothing of others, and that it moved', () => {
    const { log, tell } = aLog()
    const events = [log.gtid(5), log.tableMap('t', 'other'), log.rows([[1, 'a']]), log.xid()]
    expect(tell(...events)).toEqual(['moved'])
  })

  test.each([
    ['the server began anew', (log: EventWriter) => [log.description()]],
    ['another began', (log: EventWriter) => [log.gtid(6), log.query('COMMIT')]],
    ['it was rolled back', (log: EventWriter) => [log.query('ROLLBACK')]],
    [
      'a part of it was',
      (log: EventWriter) => [log.query('ROLLBACK TO `s`'), log.rows([[9, 'z']]), log.xid()],
    ],
  ])('never told of a small transaction that was none: %s', (_, rest) => {
    const { log, tell } = aLog()
    const told = tell(log.gtid(5), log.tableMap('t'), log.rows([[1, 'a']]), ...rest(log))
    expect(told.filter((line) => line !== 'moved')).toEqual([])
  })

  test.each([
    ['the server began anew', (log: EventWriter) => [log.description()], 'commit 0-1-4 '],
    ['it was rolled back', (log: EventWriter) => [log.query('ROLLBACK')], 'commit 0-1-5 '],
  ])('leaves the entities of a large one to a scan: %s', (_, rest, end) => {
    const { log, tell } = aLog()
    const rows = [log.rows([[1, LARGE]]), log.rows([[2, LARGE]]), log.rows([[3, 'c']])]
    const told = tell(log.gtid(5), log.tableMap('t'), ...rows, ...rest(log))
    expect(told.map((line) => line.slice(0, 20))).toEqual([
      'begin 0-1-5 2026-11-22T08:37:19Z'.slice(0, 20),
      `1\t${LARGE}`.slice(0, 20),
      'truncate t false',
      expect.stringContaining(end),
    ])
  })

  test('hands out full blocks before the commit', () => {
    const { log, tell } = aLog()
    const large = Array.from({ length: 6 }, (_, i) => log.rows([[i, LARGE]]))
    const told = tell(log.gtid(5), log.tableMap('t'), ...large)
    expect(told.length).toBeGreaterThanOrEqual(3)
  })

  test('refuses what was damaged, what it does not know, and what the server lost', () => {
    const { log, tell } = aLog()
    const damaged = log.gtid(5)
    damaged[22] = 1
    expect(() => tell(damaged)).toThrow(/checksum is wrong/)
    expect(() => tell(log.event(99, Buffer.alloc(3)))).toThrow(/found an event of kind 99/)
    expect(() => tell(log.event(EVENT.incident, Buffer.alloc(3)))).toThrow(/lost events/)
    expect(() => tell(log.gtid(6), log.rows([[1, 'a']]))).toThrow(/was not announced/)
  })
})

/** A log that is read from behind `0-1-4` on, and what is told of events in short lines. */
function aLog() {
  const log = new EventWriter()
  const after = parsePosition('0-1-4 (binlog.000003:300)')
  const decoder = new BinlogDecoder({ after, database: 'shop' })
  const take = (event: Buffer): string[] => {
    const asked = decoder.take(event, 0, event.length)
    if (asked === 'moved' || asked === 'idle') return [asked]
    if (asked?.kind !== 'table') return []
    follow(decoder, asked.map)
    return take(event)
  }
  const tell = (...events: readonly Buffer[]): string[] =>
    events.flatMap((event) => [...take(event), ...decoder.out.splice(0).map(format)])
  expect(tell(log.rotate('binlog.000003'), log.description())).toEqual([])
  return { log, tell }
}

function follow(decoder: BinlogDecoder, map: TableMap): void {
  const shape = { entity: formatEntityName([map.table]), fields: ['id', 'v'], key: ['id'] }
  const utf8 = { name: 'utf8mb4', bytesMax: 4, decode: null }
  const forms = map.columns.map((column, i) => {
    const form = formColumn(column, i === 0 ? 'int(11)' : 'longtext', i === 0 ? undefined : utf8)
    assert(form !== undefined, 'The table is as it is written.')
    return form
  })
  decoder.judge(map, { kind: 'follow', plan: planRows(map, shape, forms) })
}

function format(message: BinlogDecoder['out'][number]): string {
  if (message.kind === 'begin') return `begin ${message.transaction} ${message.time}`
  if (message.kind === 'commit') return `commit ${message.position}`
  if (message.kind === 'truncate') return `truncate ${message.entity} ${message.isWhole}`
  assert(message.kind === 'changes' && message.rows.kind === 'rows', 'Rows are told.')
  return Buffer.from(message.rows.bytes).toString()
}
