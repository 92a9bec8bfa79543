import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRow } from '#record/row-text'
import { openKeyed } from './keyed.ts'
import type { MaskerName } from './mask-schema.ts'
import { openMasker } from './maskers.ts'
import { type SearchedEntity, searchOriginals } from './search-originals.ts'

const key = Buffer.alloc(32, 3)
const keyed = openKeyed(key)

function anEntity(
  name: string,
  maskers: readonly MaskerName[],
  rows: readonly (readonly (string | null)[])[],
): SearchedEntity {
  return {
    name,
    fields: maskers.map((_, i) => `f${i}`),
    masks: maskers.map((masker) => ({ masker, value: null })),
    async *rows() {
      for (const row of rows) {
        yield { kind: 'rows', bytes: new Uint8Array(Buffer.from(formatRow(row))) }
      }
    },
  }
}

async function search(
  masker: MaskerName,
  original: string,
  written: string,
  as: MaskerName = 'keep',
): Promise<string> {
  const originals = [anEntity('crm a', [masker], [[original]])]
  try {
    await searchOriginals({ originals, written: [anEntity('erp b', [as], [[written]])], key })
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

test('an original value is found wherever it was written, and never named', async () => {
  expect(await search('name', 'Lovelace', 'LOVELACE')).toBe(
    'Cannot restore masked: found 1 original value in what was written, of crm a f0 in erp b f0; rolled back',
  )
  expect(
    await search('iban', 'DE89370400440532013000', 'paid to DE89 3704 0044 0532 0130 00.'),
  ).toMatch('found 1')
  expect(await search('email', 'ada@lovelace.example', 'ask Ada@Lovelace.example, please')).toMatch(
    'found 1',
  )
  expect(await search('name', 'Weber', 'Weber', 'name')).toMatch('found 1')
})

test('an original value is found within bytes, whatever stands around it there', async () => {
  const bytesOf = (text: string) => `\\x${Buffer.from(text).toString('hex')}`
  expect(await search('name', 'Käthe Müller', bytesOf('O:4:"Käthe Müller";\0\x01'))).toMatch(
    'found 1',
  )
  expect(await search('name', 'Weber', bytesOf('Weber'))).toMatch('found 1')
  const picture = Buffer.concat([
    Buffer.from([0x89, 0x50, 0xff, 0xfe, 0]),
    Buffer.from('by Lovelace'),
  ])
  expect(await search('name', 'Lovelace', `\\x${picture.toString('hex')}`)).toMatch('found 1')
  expect(await search('name', 'Lovelace', bytesOf('somebody else'))).toBe('')
  expect(await search('redact', '\\x00ff00ff', '\\x00ff00ff')).toMatch('found 1')
})

test('an original value is found in JSON that spells its letters by number', async () => {
  const json = String.raw`{"by":"Karl-Heinz M\u00fcller-L\u00FCdenscheidt"}`
  expect(await search('name', 'Müller-Lüdenscheidt', json)).toMatch('found 1')
  expect(
    await search('name', 'Müller-Lüdenscheidt', String.raw`"M\u00f6ller-L\u00FCdenscheidt"`),
  ).toBe('')
})

test('what says nothing of anybody is not looked for', async () => {
  expect(await search('postcode', '10115', '10115')).toBe('')
  expect(await search('name', 'Weber', 'Weberei am Markt')).toBe('')
  expect(await search('date', '1815-12-10', '1815-12-10')).toBe('')
  expect(await search('name', 'Ada', 'Ada')).toBe('')
  // By chance: another one had it.
  expect(await search('phone', '+49 30 9018200', '+49 30 9018200', 'phone')).toBe('')
  expect(await search('phone', '+49 30 9018200', '+49 30 9018200', 'name')).toMatch('found 1')
})

test('more values than are held at a time are looked for in several goes', async () => {
  const names = Array.from({ length: 50 }, (_, i) => [`Somebody Number${i}`])
  const originals = [anEntity('crm a', ['name'], names)]
  const clean = { originals, written: [anEntity('erp b', ['keep'], [['nobody at all']])], key }
  await searchOriginals(clean, 4)
  for (const name of ['Somebody Number0', 'Somebody Number31', 'Somebody Number49']) {
    const written = [anEntity('erp b', ['keep'], [['x'], [`it was ${name}, they say`]])]
    await expect(searchOriginals({ originals, written, key }, 4)).rejects.toThrow('found 1 ')
  }
})

test('nothing that was masked is found again, whatever it was', async () => {
  const word = fc.stringMatching(/^[A-Za-zÄÖÜäöüß]{5,12}$/)
  const maskers = ['name', 'company', 'street', 'city', 'freeText', 'email'] as const
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...maskers),
      async (texts, masker) => {
        const rows = texts.map((words) => [words.join(' ')])
        const value = openMasker(keyed, masker)
        const masked = rows.map(([text = '']) => [value(text)])
        const originals = [anEntity('crm a', [masker], rows)]
        await searchOriginals({ originals, written: [anEntity('crm a', [masker], masked)], key })
        const leaking = [anEntity('crm a', [masker], rows)]
        await expect(searchOriginals({ originals, written: leaking, key })).rejects.toThrow('found')
      },
    ),
    { numRuns: 60 },
  )
})
