import { type Edit, type Rows, type ShopStep, ToldShop } from './told-shop.ts'
import type { ToldTable } from './told-source.ts'

/** What happens in the shop, and how it is followed then. */
export type ShopDay = {
  readonly steps: readonly ShopStep[]
  /** `read` what is told, `beat` where nothing is, `scan` beside the feed. */
  readonly follow: 'read' | 'beat' | 'scan'
  /** The log goes before anybody read it. */
  readonly isLogLost?: boolean
}

const uuid = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-${'cd'.repeat(6)}`
const text = (name: string) => ({ name, type: 'text' })
const PAGE = 'A page of a contract that is long enough to be kept apart. '
const [LONG, LONGER] = [PAGE.repeat(2_500), PAGE.repeat(4_000)]

const customer: ToldTable = {
  name: 'customer',
  fields: [{ name: 'id', type: 'bigint' }, text('name'), text('city')],
  key: { fields: ['id'], encodings: ['integer'] },
  rows: [1, 2, 3, 4, 5, 6].map((id) => [String(id), `Kunde ${id}`, id % 2 ? 'Köln' : '\\N']),
}
const since: ToldTable = {
  ...customer,
  fields: [...customer.fields, { ...text('since'), missing: 'ever' }],
}
const line: ToldTable = {
  name: 'Order Line',
  fields: [{ name: 'order', type: 'uuid' }, { name: 'line', type: 'bigint' }, text('amount')],
  key: { fields: ['line', 'order'], encodings: ['integer', 'uuid'] },
  rows: [[uuid(1), '1', '10.00']],
}
const paper: ToldTable = {
  name: 'paper',
  fields: [{ name: 'id', type: 'bigint' }, text('body')],
  key: { fields: ['id'], encodings: ['integer'] },
  rows: [['1', LONG]],
}
const stock: ToldTable = {
  name: 'stock',
  fields: [text('item'), { name: 'left', type: 'bigint' }],
  key: { fields: ['item'], encodings: ['text'] },
  rows: ['nut', 'bolt', 'screw'].map((item) => [item, '7']),
}
/** Nothing identifies its rows, so that no feed tells them. */
const audit: ToldTable = { name: 'audit', fields: [text('said')], key: null, rows: [['open']] }

const at = (minute: number) => new Date(Date.UTC(2026, 10, 2, 9, minute)).toISOString()
const edit = (rows: Readonly<Record<string, Rows>>, more: Omit<Edit, 'rows'> = {}): Edit => ({
  rows: new Map(Object.entries(rows)),
  ...more,
})
const step = (minute: number, ...edits: readonly Edit[]): ShopStep => ({ time: at(minute), edits })
const people = (...names: readonly string[]) =>
  names.map((name, i) => [String(i + 1), name, 'Bonn'])
const dated = (...names: readonly string[]) =>
  names.map((name, i) => [String(i + 1), name, 'Bonn', i === 0 ? at(100) : 'ever'])
const lines = (count: number, amount: string) =>
  Array.from({ length: count }, (_, i) => [uuid(i % 3), String(i), i % 4 ? amount : '0'])

/** One record more each time, another one changed, a third one gone. */
const many = Array.from({ length: 40 }, (_, i) =>
  step(
    20 + i,
    edit({
      'Order Line': lines(3 + (i % 5), `${i}.50`),
      ...(i % 7 === 3 ? { stock: [['bolt', String(i)]] } : {}),
    }),
  ),
)

/** Everything that following may find, in order. */
export const SHOP_DAYS: readonly ShopDay[] = [
  { steps: [], follow: 'read' },
  {
    // Twice in one transaction, a key that moves, times that do not ascend, a large value.
    steps: [
      step(9, edit({ customer: people('Ada', 'Bob', 'Eve') }), edit({ customer: people('Ada') })),
      step(7, edit({ customer: [['8', 'Ada', 'Bonn']], 'Order Line': lines(5, '1.00') })),
      step(
        11,
        edit({
          paper: [
            ['1', LONG],
            ['2', LONGER],
            ['3', LONG],
          ],
        }),
      ),
      step(
        10,
        edit({
          paper: [
            ['1', 'short'],
            ['3', LONG],
          ],
          audit: [['open'], ['paid']],
        }),
      ),
    ],
    follow: 'read',
  },
  { steps: many, follow: 'read' },
  {
    steps: [
      step(
        70,
        edit({
          stock: [
            ['nut', '1'],
            ['bolt', '2'],
          ],
        }),
      ),
      step(
        71,
        edit({ stock: [['bolt', '9']], customer: people('Ada', 'Bob') }, { truncated: 'stock' }),
      ),
      step(72, edit({ stock: [] })),
    ],
    follow: 'read',
  },
  {
    steps: [
      step(80, edit({ stock: [['gear', '4']] })),
      step(81, edit({ customer: dated('Ada', 'Bob', 'Eve') }, { reshaped: since })),
      step(82, edit({ customer: dated('Ada', 'Eve') })),
    ],
    follow: 'read',
  },
  { steps: [step(90)], follow: 'beat' },
  {
    steps: [
      step(95, edit({ stock: [['gear', '5']] })),
      { ...step(96, edit({ stock: [['gear', '6']], paper: [['4', LONG]] })), unfollowed: 'paper' },
      step(97, edit({ paper: [] }), edit({ stock: [['gear', '7']] })),
    ],
    follow: 'read',
  },
  { steps: [step(100, edit({ audit: [['shut']] }))], follow: 'scan' },
  { steps: [step(101, edit({ paper: [['5', LONGER]], stock: [] }))], follow: 'read' },
  { steps: [step(110, edit({ customer: dated('Zoe') }))], follow: 'read', isLogLost: true },
  { steps: [step(120, edit({ customer: dated('Zoe', 'Ada') }))], follow: 'read' },
]

/** After points of it were let go and what is left was merged. */
export const LAST_SHOP_DAY: ShopDay = {
  steps: [
    step(130, edit({ customer: [], 'Order Line': lines(4, '2.00') })),
    step(
      131,
      edit({
        customer: dated('Ada', 'Zoe', 'Eve'),
        paper: [
          ['5', LONGER],
          ['6', LONG],
        ],
      }),
    ),
  ],
  follow: 'read',
}

/** Of a later version of Holdfast. */
export const NEXT_SHOP_DAY: ShopDay = {
  steps: [
    step(140, edit({ stock: [['gear', '1']], customer: dated('Ada') })),
    step(139, edit({ paper: [['5', LONGER]] }), edit({ customer: dated('Bob'), stock: [] })),
  ],
  follow: 'read',
}

export function openShop(): ToldShop {
  return new ToldShop([customer, line, paper, stock, audit], at(0))
}

/** Everything of a day happens in the shop, and nobody hears of it yet. */
export function liveShop(shop: ToldShop, { follow, isLogLost, steps }: ShopDay): void {
  for (const one of steps) shop.commit(one)
  if (isLogLost) shop.loseLog()
  if (follow === 'scan') shop.followAll()
}
