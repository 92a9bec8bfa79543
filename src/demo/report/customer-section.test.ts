import { expect, test } from 'vitest'
import { aReportModel } from '../testing/sample-report-model.ts'
import { formatCustomer, listStates } from './customer-section.ts'

test('listStates() gives the newest version at or before each point', () => {
  const model = aReportModel()
  const kinds = model.customer.records.map((record) =>
    listStates(model, record).map((state) =>
      state.kind === 'there' ? Object.values(state.fields).at(-1) : state.kind,
    ),
  )
  expect(kinds[0]).toEqual(['+49 000 417733', '+49 000 551208', 'deleted', '+49 000 551208'])
  expect(kinds[3]).toEqual(['18204.62', '0.00', '0.00', '0.00'])
})

test('listStates() knows a record that came later', () => {
  const model = aReportModel()
  const [record] = model.customer.records
  if (record === undefined) throw new TypeError('The sample follows a record.')
  const versions = record.history.versions.slice(0, 1)
  const late = { ...record, history: { ...record.history, versions } }
  expect(listStates(model, late).map(({ kind }) => kind)).toEqual([
    'absent',
    'absent',
    'absent',
    'there',
  ])
})

test('formatCustomer() marks what the damage changed, and only there', () => {
  const { markup } = formatCustomer(aReportModel())
  expect(markup.match(/became damage/g)).toHaveLength(6)
  expect(markup).toContain(
    '<td class="became damage">NT90</td><td class="became restored">NT30</td>',
  )
})
