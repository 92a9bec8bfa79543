import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { DemoReportModel } from './demo-report-model.ts'
import { formatDemoReport } from './format-demo-report.ts'
import { aReportModel } from './testing/sample-report-model.ts'

const HOSTILE = [
  `"><script>alert(1)</script>`,
  `'><img src=x onerror=alert(1)>`,
  `</style></script></title><svg/onload=alert(1)>`,
  '<!--',
  ']]>&lt;b&gt;&amp;`x`',
  '\u202eevil\u0000\u001b[31m\u2028</script>',
] as const

/** Words that mean something to the page; everything else may hold anything. */
const KEPT = new Set([
  ...['good', 'damage', 'restored', 'same', 'differs', 'unproven', 'whole', 'damaged', 'clean'],
  ...['insert', 'update', 'delete', 'capture'],
])

/** Puts `prefix` before every text of a model, names of fields included. */
function poison(value: unknown, prefix: string): unknown {
  if (typeof value === 'string') return KEPT.has(value) ? value : prefix + value
  if (Array.isArray(value)) return value.map((one) => poison(one, prefix))
  if (typeof value !== 'object' || value === null) return value
  const isOurs = (name: string) =>
    !/_|^(iban|bic|country|role|purpose|phone|status|gross)$/.test(name)
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      isOurs(name) ? name : prefix + name,
      poison(one, prefix),
    ]),
  )
}

function tagsOf(page: string): string[] {
  const body = page.slice(page.indexOf('<body>')).replaceAll(/>[^<]*/g, '>')
  return Array.from(body.matchAll(/<(\/?[a-zA-Z!][^\s>]*)[^>]*>/g), (match) => match[1] ?? '')
}

test.each(HOSTILE)('formatDemoReport() lets no text become markup: %j', (hostile) => {
  const model = aReportModel({ sensitiveFields: [], quietFields: [], names: {} })
  const { hex } = model.storage
  const poisoned = poison(model, hostile) as DemoReportModel
  const page = formatDemoReport({ ...poisoned, storage: { ...poisoned.storage, hex } })
  expect(tagsOf(page)).toEqual(tagsOf(formatDemoReport(model)))
  expect(page).not.toContain(hostile)
  const json = page.split('id="changes">')[1]?.split('</script>')[0] ?? ''
  expect(json).not.toMatch(/[<>&\u2028]/)
  // Long texts cost places in the table, but the JSON stays whole.
  expect(JSON.parse(json).length).toBeGreaterThan(300)
})

test('formatDemoReport() keeps every attribute inside its quotes', () => {
  const source = '"><b onclick=x '
  const model = aReportModel()
  const systems = model.systems.map((system) => ({ ...system, title: source }))
  const page = formatDemoReport({
    ...model,
    systems,
    customer: { ...model.customer, name: source },
  })
  expect(page).not.toContain('<b onclick')
  expect(page).toContain('&quot;&gt;&lt;b onclick=x ')
})

test('formatDemoReport() allows its own style and script by hash, and nothing else', () => {
  const page = formatDemoReport(aReportModel())
  const hash = (text = '') => createHash('sha256').update(text).digest('base64')
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1]
  const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1]
  expect(page).toContain(
    `content="default-src 'none'; style-src 'sha256-${hash(style)}'; script-src 'sha256-${hash(script)}'; base-uri 'none'; form-action 'none'"`,
  )
  expect(page).not.toMatch(/<[^>]+\s(?:style|on[a-z]+|src)=/)
  expect(page.match(/https?:/g)).toBeNull()
  expect(page).not.toMatch(/@import|url\(|fetch\(|innerHTML/)
  expect(() => new Function(script ?? '')).not.toThrow()
})

test('formatDemoReport() stays under 1 MB for any number of changes, and says what it left out', () => {
  const value = 'Ω'.repeat(500)
  const lines = Array.from({ length: 9_000 }, (_, i) => ({
    entity: 'main.customer',
    key: String(i),
    op: 'update' as const,
    before: { note: value },
    after: { note: `${value}!${i}` },
  }))
  const changes = [{ source: 'erp', from: 'erp@2', to: 'erp@3', lines }]
  const page = formatDemoReport(aReportModel({ changes }))
  expect(Buffer.byteLength(page)).toBeLessThan(1_000_000)
  expect(page).toMatch(/The first 12 of 9\u202f000 records; this page holds \d/)
  expect(page).toContain('more characters)')
})

test('formatDemoReport() counts the fields of a wide record that it does not show', () => {
  const wide = (value: string) =>
    Object.fromEntries(Array.from({ length: 1_600 }, (_, i) => [`f${i}`, value]))
  const lines = Array.from({ length: 30 }, (_, i) => ({
    entity: 'main.wide',
    key: String(i),
    op: 'update' as const,
    before: wide('a'),
    after: wide('b'),
  }))
  const changes = [{ source: 'erp', from: 'erp@2', to: 'erp@3', lines }]
  const page = formatDemoReport(aReportModel({ changes }))
  expect(Buffer.byteLength(page)).toBeLessThan(1_000_000)
  expect(page).toContain('And 1\u202f580 more fields')
  expect(page).toContain('1580 more fields')
})

test('formatDemoReport() claims a proof only when every command said so', () => {
  const model = aReportModel()
  const isClaimed = (changes: Partial<DemoReportModel>) =>
    formatDemoReport({ ...model, ...changes }).includes('<b>Proved.</b>')
  expect(isClaimed({})).toBe(true)
  expect(isClaimed({ proofs: [] })).toBe(false)
  expect(isClaimed({ restores: [] })).toBe(false)
  expect(isClaimed({ check: { ...model.check, verdict: 'damaged' } })).toBe(false)
  for (const verdict of ['differs', 'unproven'] as const) {
    const [first, ...others] = model.proofs
    const proofs =
      first === undefined ? [] : [{ ...first, verifyRestored: { verdict, entities: [] } }]
    expect(isClaimed({ proofs: [...proofs, ...others] })).toBe(false)
  }
  const extra = model.restores.map((restore) => ({ ...restore, extra: 1 }))
  expect(isClaimed({ restores: extra })).toBe(false)
})

test('formatDemoReport() shows null and empty text as what they are', () => {
  const lines = [
    {
      entity: 'main.a',
      key: '1',
      op: 'update' as const,
      before: { x: null },
      after: { x: '' },
    },
  ]
  const page = formatDemoReport(
    aReportModel({ changes: [{ source: 'crm', from: 'crm@1', to: 'crm@2', lines }] }),
  )
  expect(page).toContain('<del><span class="null">null</span></del>')
  expect(page).toContain('<ins><span class="null">empty</span></ins>')
})
