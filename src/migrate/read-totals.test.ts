import { expect, test } from 'vitest'
import type { CheckedYaml } from '#stdx/check-yaml'
import { readYamlLines } from '#stdx/yaml-lines'
import { readTotals } from './read-totals.ts'

function read(text: string) {
  const yaml = readYamlLines(text)
  const reading: CheckedYaml = { yaml, problems: [], known: [] }
  const { totals } = yaml.document.toJS()
  return { totals: readTotals(reading, totals), problems: reading.problems }
}

test('a total is one part or several a side', () => {
  const { problems, totals } = read(`totals:
  - name: open
    source:
      - { entity: main.invoice, amount: gross, by: [company, currency], when: "state == 'open'" }
      - { entity: main.paid, amount: amount, by: [company, currency], side: credit }
    target: { entity: main.item, amount: rest, by: [bukrs, { is: 1 }] }
    values: { company: { 0100: DE01, 200: true } }
`)
  expect(problems).toEqual([])
  expect(totals).toMatchObject([
    {
      line: 2,
      name: 'open',
      source: [
        { line: 4, entity: 'main.invoice', side: 'debit', when: { text: "state == 'open'" } },
        { line: 5, side: 'credit', when: null },
      ],
      target: [{ by: ['bukrs', { is: '1' }] }],
      values: { company: { '0100': 'DE01', '200': 'true' } },
    },
  ])
})

test('every problem is told with its line', () => {
  const { problems } = read(`totals:
  - name: a
    source: { entity: main..invoice, amount: gross }
    target: { entity: main.item, amout: rest }
  - name: b
    source: { entity: main.invoice, amount: gross, by: [company] }
    target: { entity: main.item, amount: rest }
    values: { currency: { EUR: E } }
  - name: b
    source: []
    target: { entity: main.item, amount: rest }
`)
  expect(problems.map(({ line, problem }) => `${line} ${problem}`).sort()).toEqual([
    '10 nothing is summed up',
    '3 "main..invoice" is no entity',
    '4 "amout" is nothing that a part of a total can have; did you mean "amount"?',
    '4 a part of a total needs "amount"',
    '5 "b" has 1 and 0 fields under "by", need as many',
    '5 "values" of "b" names currency, which no "by" of its source does',
    '9 "b" is there twice',
  ])
})
