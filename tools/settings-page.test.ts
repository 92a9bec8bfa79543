// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import { expect, test } from 'vitest'
import { formatJsonSchema, formatSettingsPage } from './settings-page.ts'

test('formatJsonSchema() lets a variable stand for a URL and for a number', () => {
  const schema = JSON.parse(formatJsonSchema())
  const [postgres] = schema.properties.sources.anyOf[0].additionalProperties.oneOf
  expect(new RegExp(postgres.properties.url.pattern).test('${ERP_URL}')).toBe(true)
  expect(new RegExp(postgres.properties.url.pattern).test('mysql://x')).toBe(false)
  expect(postgres.properties.connectionsMax).toMatchObject({
    default: 4,
    anyOf: [{ type: 'integer', minimum: 1, maximum: 64 }, { type: 'string' }],
  })
  expect(postgres.required).toEqual(['connector', 'url'])
  expect(postgres.additionalProperties).toBe(false)
})

test('formatSettingsPage() derives flag and environment name from the name', () => {
  const page = formatSettingsPage()
  expect(page).toContain('| `--config FILE` | `HOLDFAST_CONFIG` |')
  expect(page).toContain('`HOLDFAST_PASSPHRASE_COMMAND`')
})
