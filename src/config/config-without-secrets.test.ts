// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configWithoutSecrets, relocateConfig } from './config-without-secrets.ts'
import { parseConfig } from './parse-config.ts'

const options = { label: 'x', folder: '/', environment: {} }

test('configWithoutSecrets() puts a variable in the place of a URL with a password', () => {
  const text = `vault: ./v # the vault
sources:
  erp-eu: { connector: postgres, url: 'postgres://ann:s3cret@h/d' } # mine
  # crm: { url: postgres://bob:hunter2@h/d }
  web:
    connector: postgres
    url: postgres://h/d?user=ann&password=s3cret
    follow: { canary: { url: 'postgres://bird:s3cret@h/d' } }
`
  expect(configWithoutSecrets(text)).toBe(`vault: ./v # the vault
sources:
  erp-eu: { connector: postgres, url: "\${ERP_EU_URL}" } # mine
  # crm: { url: postgres://bob:[removed]@h/d }
  web:
    connector: postgres
    url: "\${WEB_URL}"
    follow: { canary: { url: "\${WEB_FOLLOW_CANARY_URL}" } }
`)
})

test.each([
  'sources: { erp: { connector: postgres, url: ${ERP_URL} } }',
  'sources:\n  erp: { connector: postgres, url: "postgres://ann:${PW}@h/d" }',
  'sources:\n  erp: { connector: postgres, url: postgres://ann@h/d }',
  'vault: ./a\n# nothing else\n',
])('configWithoutSecrets() changes nothing in %j', (text) => {
  expect(configWithoutSecrets(text)).toBe(text)
})

test('configWithoutSecrets() leaves no password, whatever it is', () => {
  const password = fc.stringMatching(/^[A-Za-z0-9!:@%$+.,_-]{6,20}$/).map((text) => `Zq7${text}`)
  fc.assert(
    fc.property(password, fc.boolean(), (secret, isComment) => {
      const line = `  erp: { connector: postgres, url: "postgres://a:${secret}@h/d" }\n`
      const text = `sources:\n${isComment ? '#' : ''}${line}`
      expect(configWithoutSecrets(text)).not.toContain(secret)
    }),
  )
})

test('relocateConfig() says where the vault is now and keeps the rest', () => {
  const text = `vault: ./v # here\nkeyring: s3://keys\nsources: {}\n`
  expect(relocateConfig(text, { vault: '/mnt/a b: c' })).toBe(
    `vault: "/mnt/a b: c" # here\nsources: {}\n`,
  )
  expect(relocateConfig('sources: {}\n', { vault: '/v', keyring: '/k' })).toBe(
    `vault: /v\nkeyring: /k\nsources: {}\n`,
  )
})

test('relocateConfig() writes every path so that it is read back', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), (name) => {
      const vault = `/${name}`
      fc.pre(!/[\uE000-\uE002]/.test(vault))
      const text = relocateConfig('vault: x\nsources: {}\n', { vault })
      expect(parseConfig(text, options).places.vault()).toBe(vault)
    }),
  )
})
