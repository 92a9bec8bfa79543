import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openExpression } from './expression.ts'

const FIELDS = ['name', 'amount', 'rate', 'type', 'odd name', 'nothing']

function evaluate(text: string, values: Record<string, string | null> = {}) {
  const opened = openExpression(text, FIELDS)
  if (typeof opened === 'string') return opened
  return opened.evaluate({
    ...{ name: 'Huber', amount: '12.10', rate: '0.2', type: 'A', 'odd name': 'x', nothing: null },
    ...values,
  })
}

test.each([
  ['name + " & Co"', 'Huber & Co'],
  ['name.upperAscii().replace("B", "")', 'HUER'],
  ['fields["odd name"] + fields["type"]', 'xA'],
  ['nothing == null ? "none" : nothing', 'none'],
  ['nothing', null],
  ['nothing == null ? dyn(null) : text(decimal(nothing), 2)', null],
  ['amount == "12.10"', true],
  ['int("41") + 1', '42'],
  ['decimal(amount) * decimal(rate)', '2.42'],
  ['text(decimal(amount) - decimal(1), 2)', '11.10'],
  ['text(round(decimal("-0.005"), 2), 2)', '-0.01'],
  ['decimal(amount) > decimal("12.09") && decimal("1.0") == decimal(1)', true],
])('%s gives %s', (text, value) => {
  expect(evaluate(text)).toEqual({ value })
})

test.each([
  ['name +', /EOF/],
  ['nme', /nme/],
  ['fields["nme"]', 'there is no field "nme"'],
  ['fields', 'need fields["name"]'],
  ['size(fields) == 1', 'need fields["name"]'],
  ['double(amount)', /floating point/],
  ['string(1.5)', /floating point/],
  ['[name]', /list/],
  ['"a" + 1', /overload/],
  ['nothing == null ? null : "a"', /same type.*null beside another type is written dyn\(null\)$/],
  ['true ? 1 : "a"', /same type, got 'int' and 'string'$/],
])('%s is refused before any record is read', (text, problem) => {
  expect(evaluate(text)).toEqual(
    problem instanceof RegExp ? expect.stringMatching(problem) : problem,
  )
})

test.each(['nothing + "a"', 'decimal(name)', 'int(name)', 'text(decimal("0.001"), 2)'])(
  '%s fails without telling the value',
  (text) => {
    const failed = evaluate(text)
    expect(failed).toEqual({ failed: expect.stringContaining('the expression fails') })
    expect(JSON.stringify(failed)).not.toContain('Huber')
  },
)

test('sums of amounts are exact', () => {
  const cents = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
  const print = (value: bigint) => {
    const size = value < 0n ? -value : value
    return `${value < 0n ? '-' : ''}${size / 100n}.${String(size % 100n).padStart(2, '0')}`
  }
  const sum = openExpression('text(decimal(amount) + decimal(rate), 2)', FIELDS)
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      const values = { amount: print(a), rate: print(b) }
      expect(typeof sum === 'string' ? sum : sum.evaluate(values)).toEqual({ value: print(a + b) })
    }),
  )
})

test('what an expression reads is known', () => {
  const opened = openExpression('[name, fields["odd name"]].exists(one, one == amount)', FIELDS)
  expect(typeof opened === 'string' ? opened : [...opened.uses].sort()).toEqual([
    'amount',
    'name',
    'odd name',
  ])
})
