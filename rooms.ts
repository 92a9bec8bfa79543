/**
 * The rooms of `src/` in reading order, and the doors each may open.
 *
 * `./x.ts` stays inside a room; `#room/file` goes through a door, and a door is open only if it is
 * listed here. `tools/rooms.test.ts` holds every import against this table, and
 * `docs/architecture.md` prints it.
 */
export type Room = {
  readonly name: string
  /** What it is for, in one line. */
  readonly does: string
  /** Rooms it may import from; all of them stand above it in this table. */
  readonly doors: readonly string[]
}

export const ROOMS: readonly Room[] = [
  { name: 'stdx', does: 'what the standard library lacks', doors: [] },
  {
    name: 'record',
    does: 'the words: entity, field, key, row, change, position, schema version',
    doors: ['stdx'],
  },
  {
    name: 'connector',
    does: 'one contract to read from and write to a system, and each kind of system',
    doors: ['stdx', 'record'],
  },
  { name: 'store', does: 'named immutable objects', doors: ['stdx'] },
  { name: 'seal', does: 'keys, roles, envelopes: bytes and sealed bytes', doors: ['stdx'] },
  {
    name: 'segment',
    does: 'record versions and sorted immutable runs',
    doors: ['stdx', 'record', 'seal', 'store'],
  },
  {
    name: 'timeline',
    does: 'the log of signed entries of a source; the commit point',
    doors: ['stdx', 'record', 'seal', 'store', 'segment'],
  },
  {
    name: 'vault',
    does: 'the above as one thing: create, open, check',
    doors: ['stdx', 'record', 'seal', 'store', 'segment', 'timeline'],
  },
  {
    name: 'history',
    does: 'questions about the past',
    doors: ['stdx', 'record', 'segment', 'timeline', 'vault'],
  },
  {
    name: 'capture',
    does: 'a run forward: snapshot, scan and compare',
    doors: [
      'stdx',
      'record',
      'connector',
      'seal',
      'store',
      'segment',
      'timeline',
      'vault',
      'history',
    ],
  },
  {
    name: 'customer',
    does: 'the customer map: what makes up a customer, over all systems',
    doors: ['stdx', 'record', 'segment', 'timeline', 'vault', 'history'],
  },
  {
    name: 'report',
    does: 'what finance asks of a point: sums that are held against the general ledger',
    doors: ['stdx', 'record', 'segment', 'timeline', 'history', 'customer'],
  },
  {
    name: 'mask',
    does: 'other values in the place of those that nobody outside may see',
    doors: ['stdx', 'record'],
  },
  {
    name: 'migrate',
    does: 'records of a point as records of another shape, by a mapping file',
    doors: ['stdx', 'record', 'connector', 'report'],
  },
  {
    name: 'restore',
    does: 'a run back: plan, write, read back',
    doors: ['stdx', 'record', 'connector', 'seal', 'segment', 'timeline', 'vault', 'history'],
  },
  {
    name: 'retention',
    does: 'which points are kept, and what nothing needs any more',
    doors: ['stdx', 'record', 'store', 'segment', 'timeline', 'vault'],
  },
  { name: 'config', does: 'every setting, defined once', doors: ['stdx'] },
  { name: 'demo', does: 'the trading group that shows everything', doors: ['stdx', 'config'] },
  {
    name: 'app',
    does: 'one file per thing a person may do',
    doors: [
      'stdx',
      'record',
      'connector',
      'store',
      'seal',
      'segment',
      'timeline',
      'vault',
      'history',
      'capture',
      'customer',
      'report',
      'mask',
      'migrate',
      'restore',
      'retention',
      'config',
      'demo',
    ],
  },
  { name: 'cli', does: 'the door for terminals', doors: ['stdx', 'config', 'app'] },
  {
    name: 'main',
    does: 'the only place that picks implementations',
    doors: [
      'stdx',
      'record',
      'connector',
      'store',
      'seal',
      'segment',
      'timeline',
      'vault',
      'history',
      'capture',
      'customer',
      'report',
      'restore',
      'retention',
      'config',
      'demo',
      'app',
      'cli',
    ],
  },
]
