import type { CustomerHistory } from '#app/customer-history'
import type { CustomerDiff } from '#app/diff-customer'
import type { FoundCustomers } from '#app/find-customers'
import type { LiveAnswer } from '#app/find-sources-at'
import type { ShownCustomer, ShownCustomerRecord } from '#app/show-customer'
import { formatCount, formatTime } from './format-amounts.ts'
import { formatAt } from './format-at.ts'
import { formatChanged, formatLines } from './format-fields.ts'
import { describeShownIdentity, formatDecision, formatMove } from './format-identity.ts'
import { formatTable } from './format-table.ts'
import type { Paint } from './paint.ts'
import { shorten, visible } from './text-width.ts'

/** Of one kind below one record, unless all are wanted. */
const SHOWN_MAX = 8
/** Of a name in a table, which everything else stands behind. */
const NAME_WIDTH_MAX = 60

export type FormatCustomerOptions = { readonly isAll: boolean; readonly paint: Paint }

/** One customer as a tree, then what it needs, then where a bound cut it short. */
export function formatCustomer(shown: ShownCustomer, options: FormatCustomerOptions): string {
  const { bounded, isWhole, points, records } = shown
  const below = new Map<number, number[]>()
  const roots: number[] = []
  for (const [index, { of, way }] of records.entries()) {
    if (of === null) roots.push(index)
    else if (way !== 'needed') below.set(of, [...(below.get(of) ?? []), index])
  }
  const tree = new Tree(records, below, options)
  const lines = roots.flatMap((root) => [tree.title(root), ...tree.below(root, '')])
  const owned = records.filter(({ way }) => way !== 'needed').length
  return [
    ...lines,
    '',
    ...describeNeeded(records),
    ...describeShownIdentity(shown, (index) => tree.title(index)),
    ...bounded.map(({ entity, found, of, source, taken }) => {
      const counts = `${formatCount(taken)} of ${formatCount(found)}`
      return `${options.paint.yellow('cut short:')} ${counts} ${source} ${entity} of ${tree.title(of)}`
    }),
    ...(isWhole
      ? []
      : [options.paint.yellow('Not whole: the map bounds how many records it holds.')]),
    `${formatCount(owned)} records belong to it, ${formatCount(records.length - owned)} are needed, at ${points.join(', ')}.${formatLive(shown)}`,
    '',
  ].join('\n')
}

class Tree {
  readonly #records: ShownCustomer['records']
  readonly #below: ReadonlyMap<number, readonly number[]>
  readonly #options: FormatCustomerOptions

  constructor(
    records: ShownCustomer['records'],
    below: ReadonlyMap<number, readonly number[]>,
    options: FormatCustomerOptions,
  ) {
    this.#records = records
    this.#below = below
    this.#options = options
  }

  title(index: number): string {
    const record = this.#records[index]
    if (record === undefined) return ''
    const { paint } = this.#options
    const name = record.name === null ? '' : ` ${paint.bold(visible(record.name))}`
    const place = `${record.source} ${visible(record.entity)}`
    return `${place} ${visible(record.key)}${name} ${paint.dim(record.role)}`
  }

  /** What hangs below a record, kind by kind. */
  below(index: number, indent: string): string[] {
    const kinds = new Map<string, number[]>()
    for (const child of this.#below.get(index) ?? []) {
      const record = this.#records[child]
      const kind = `${record?.source} ${record?.entity}`
      kinds.set(kind, [...(kinds.get(kind) ?? []), child])
    }
    const rows = [...kinds.values()].flatMap((children) => this.#cut(children))
    return rows.flatMap((row, i) => {
      const isLast = i === rows.length - 1
      const branch = `${indent}${isLast ? '└─ ' : '├─ '}`
      if (typeof row === 'string') return [`${branch}${row}`]
      const deeper = this.below(row, `${indent}${isLast ? '   ' : '│  '}`)
      return [`${branch}${this.title(row)}`, ...deeper]
    })
  }

  #cut(children: readonly number[]): (number | string)[] {
    const first = children[0]
    if (this.#options.isAll || children.length <= SHOWN_MAX || first === undefined) {
      return [...children]
    }
    const { entity = '', source = '' } = this.#records[first] ?? {}
    const rest = children.length - SHOWN_MAX
    return [
      ...children.slice(0, SHOWN_MAX),
      `and ${formatCount(rest)} more of ${source} ${visible(entity)}`,
    ]
  }
}

function describeNeeded(records: readonly ShownCustomerRecord[]): string[] {
  const keys = new Map<string, string[]>()
  for (const { entity, key, source, way } of records) {
    if (way !== 'needed') continue
    const place = `${source} ${visible(entity)}`
    keys.set(place, [...(keys.get(place) ?? []), visible(key)])
  }
  return [...keys].map(([place, list]) => {
    const more = list.length > SHOWN_MAX ? ` and ${formatCount(list.length - SHOWN_MAX)} more` : ''
    return `needs ${place}: ${list.slice(0, SHOWN_MAX).join('; ')}${more}`
  })
}

const SIGNS = { insert: '+', update: '~', delete: '-', joined: '>', left: '<' } as const
const SAID = { insert: '', update: '', delete: '', joined: ' (joined)', left: ' (left)' } as const

/** What became of one customer, record by record. */
export function formatCustomerDiff(diff: CustomerDiff): string {
  const { changes, from, isWhole, to } = diff
  const lines = changes.map(({ after, before, changed, entity, key, op, source }) => {
    const title = `${SIGNS[op]} ${source} ${visible(`${entity}:${key}`)}${SAID[op]}\n`
    if (before === null || after === null) return title + formatLines(before ?? after ?? {})
    // A large value differs by its hash alone; of the others both sides are known.
    const hidden = changed.filter((name) => before[name] === after[name])
    const large = hidden.map((name) => `    ${visible(name)}: another large value\n`)
    return title + formatChanged(before, after) + large.join('')
  })
  const count =
    changes.length === 0 ? 'No differences' : `${formatCount(changes.length)} records differ`
  const limits = isWhole ? '' : ' A bound of the map cut one of them short.'
  return `${lines.join('')}${count} between ${from.join(', ')} and ${to.join(', ')}.${formatLive(diff)}${limits}\n`
}

/** Who answers to a text, best first, with what `customer show` takes. */
export function formatMatches(answer: FoundCustomers): string {
  const { found, matches, points } = answer
  const titles = ['SOURCE', 'ENTITY', 'KEY', 'NAME', 'FOUND BY', 'CUSTOMER']
  const rows = matches.map(({ by, customer, entity, key, name, same = [], source }) => {
    const parties = [...(customer === null ? [] : [customer]), ...same]
    const owner = parties.map((one) => `${one.source} ${one.key}`).join(' = ')
    return [source, entity, key, shorten(visible(name ?? ''), NAME_WIDTH_MAX), by, owner]
  })
  const count =
    found > matches.length
      ? `${formatCount(matches.length)} of ${formatCount(found)}`
      : formatCount(found)
  const table = formatTable(
    titles.map((title) => ({ title })),
    rows,
  )
  return `${matches.length === 0 ? '' : table}${count} found at ${formatAt(points)}.${formatLive(answer)}\n`
}

/** Which systems were asked themselves, each at one moment of its own. */
function formatLive({ live = [] }: LiveAnswer): string {
  const said = live.map(({ newest, source, time }) => {
    return `${source} at ${formatTime(time)}, after ${newest}`
  })
  return said.length === 0 ? '' : ` Asked now: ${said.join('; ')}.`
}

/** The merged timeline of one customer; of an update, what changed; with who was decided to be one. */
export function formatCustomerHistory(history: CustomerHistory): string {
  const { decisions, isWhole, moments, moves, records, versions } = history
  const told = versions.map(({ before, entity, fields, key, op, point, time }) => {
    const head = `${formatTime(time)}  ${point}  ${SIGNS[op]} ${visible(`${entity}:${key}`)}\n`
    return {
      time,
      text: op === 'update' && before !== null ? head + formatChanged(before, fields) : head,
    }
  })
  // What is said of several records stands above what happened to each at that moment.
  const lines = [
    ...decisions.map((one) => ({ time: one.time, text: `${formatDecision(one)}\n` })),
    ...moves.map((one) => ({ time: one.time, text: `${formatMove(one)}\n` })),
    ...told,
  ]
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
    .map(({ text }) => text)
  const counts = `${formatCount(versions.length)} versions of ${formatCount(records)} records`
  const { looked, of } = moments
  const limits =
    looked < of
      ? ` What belonged to it was looked for at ${formatCount(looked)} of ${formatCount(of)} moments.`
      : ''
  const bounds = isWhole ? '' : ' A bound of the map cut it short.'
  return `${lines.join('')}${counts}.${limits}${bounds}\n`
}
