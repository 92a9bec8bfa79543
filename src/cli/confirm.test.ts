import { expect, test } from 'vitest'
import { confirm } from './confirm.ts'

const { signal } = new AbortController()
const deed = { what: 'Replaces 3 rows.', name: 'erp-staging', given: undefined, isHarmless: false }
const nobody = { isYes: false, ask: undefined }

test('confirm() takes the name, typed or given', async () => {
  const ask = async () => 'erp-staging\n'
  await confirm({ isYes: false, ask }, deed, signal)
  await confirm(nobody, { ...deed, given: 'erp-staging' }, signal)
})

test('confirm() takes --yes only where nothing can be lost', async () => {
  await confirm({ isYes: true, ask: undefined }, { ...deed, isHarmless: true }, signal)
  await expect(confirm({ isYes: true, ask: undefined }, deed, signal)).rejects.toMatchObject({
    code: 'cli.confirmation-missing',
  })
})

test('confirm() refuses another name and, with nobody to ask, says which option is wanted', async () => {
  await expect(confirm(nobody, { ...deed, given: 'erp' }, signal)).rejects.toMatchObject({
    code: 'cli.confirmation-wrong',
  })
  await expect(confirm(nobody, deed, signal)).rejects.toThrow('Wanted --confirm erp-staging')
  const ask = async () => ''
  await expect(confirm({ isYes: true, ask }, deed, signal)).rejects.toThrow('found ""')
})
