// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import { expect, test } from 'vitest'
import { isAppError } from '#stdx/app-error'
import { parseConfig } from './parse-config.ts'

const environment = { ERP_URL: 'postgres://ann:s3cret@db.example:5432/erp' }

function parse(text: string, variables: Record<string, string> = environment) {
  return parseConfig(text, {
    label: 'holdfast.yaml',
    folder: '/etc/holdfast',
    environment: variables,
  })
}

function problemsOf(text: string, variables: Record<string, string> = environment): string[] {
  try {
    parse(text, variables)
  } catch (error) {
    if (!isAppError(error, 'config.invalid')) throw error
    return error.message.split('\n  ').slice(1)
  }
  return []
}

const documented = `
vault: ./vault                       # later also s3://bucket/prefix
keyring: ./vault/keyring
sources:
  erp:
    connector: postgres
    url: \${ERP_URL}                  # environment is interpolated
    include: [public.*]
    exclude: [public.audit_*]
    retention: { keepAll: 35d, daily: 60, weekly: 26, monthly: 36, yearly: 10, keepMin: 7 }
targets:
  erp-staging: { connector: postgres, url: \${ERP_STAGING_URL} }
`

test('parseConfig() reads the file that the interface documents', () => {
  const config = parse(documented)
  const erp = config.sources['erp']?.read()
  expect(erp?.address.reveal()).toBe(environment.ERP_URL)
  expect(erp).toMatchObject({
    connector: 'postgres',
    include: ['public.*'],
    exclude: ['public.audit_*'],
    retention: { keepAll: '35d', keepMin: 7 },
    connectionsMax: 4,
    bytesPerSecondMax: 0,
  })
  expect(config.places.vault()).toBe('./vault')
})

test.each(['mariadb', 'mysql'])('parseConfig() takes %s as a server of its own', (connector) => {
  const url = `${connector}://ann:s3cret@db.example:3307/erp`
  const config = parse(`sources: { erp: { connector: ${connector}, url: '${url}' } }`)
  expect(config.sources['erp']?.read()).toMatchObject({ connector, connectionsMax: 4 })
  expect(config.sources['erp']?.read().address.reveal()).toBe(url)
  const wrong = `sources: { erp: { connector: ${connector}, url: 'postgres://ann@db.example/erp' } }`
  expect(problemsOf(wrong)).toEqual([expect.stringContaining('mariadb://user@host:3306/database')])
})

test('parseConfig() takes a folder of files, and what is declared of them', () => {
  const config = parse(`sources:
  crm:
    connector: files
    folder: ./exports
    entities: { customers: { key: [id], nullText: "NULL", delimiter: ';' }, logs: { key: [] } }
targets:
  back: { connector: files, folder: ./back }`)
  expect(config.sources['crm']?.read()).toMatchObject({
    connector: 'files',
    files: {
      rowsKeptMin: 0.5,
      entities: { customers: { key: ['id'], nullText: 'NULL', delimiter: ';' }, logs: { key: [] } },
    },
  })
  expect(config.sources['crm']?.read().address.reveal()).toMatch(/\/exports$/)
  expect(config.targets['back']?.read().files).toEqual({ rowsKeptMin: 0, entities: {} })
  const wrong =
    'sources: { crm: { connector: files, folder: x, entities: { a: { delimiter: ab, keys: [] } } } }'
  expect(problemsOf(wrong)).toEqual([
    expect.stringContaining('"entities.a.delimiter" of source crm is not valid'),
    expect.stringContaining('"keys" is no setting of source crm'),
  ])
})

test('parseConfig() lets a missing variable fail only the system that needs it', () => {
  const config = parse(documented)
  const staging = config.targets['erp-staging']
  expect(staging?.connector).toBe('postgres')
  expect(() => staging?.read()).toThrow(
    'Cannot use target erp-staging of "holdfast.yaml": ERP_STAGING_URL is not set in the environment',
  )
})

test('parseConfig() takes paths relative to the file', () => {
  const config = parse('sources:\n  erp: { connector: sqlite, file: ./erp.db }')
  expect(config.sources['erp']?.read().address.reveal()).toBe('/etc/holdfast/erp.db')
})

test.each(['', 'sources: {}', 'sources:', 'vault: ./v\nsources: {}\ntargets: {}'])(
  'parseConfig() accepts a file without sources: %j',
  (text) => {
    expect(parse(text).sources).toEqual({})
  },
)

test('parseConfig() reports all problems at once, each with its line', () => {
  const text = `valt: ./vault
sources:
  ERP:
    connector: postgres
    url: mysql://x
    connectionsMax: 0
  crm: { connector: postgrs, url: x }
  billing:
    connector: sqlite
    exclud: [a]
  web: {}
targets:
  billing: { connector: sqlite, file: x }
`
  expect(problemsOf(text)).toEqual([
    'line 1: "valt" is no setting of the file; did you mean "vault"?',
    'line 3: "ERP" is no name of a source: wanted lower-case letters, digits and dashes, a letter first, at most 63',
    'line 5: "url" of source ERP is not valid: wanted a URL like postgres://user@host:5432/database',
    'line 6: "connectionsMax" of source ERP is not valid: wanted at least 1',
    'line 7: source crm has no known connector: found "postgrs", wanted postgres, mariadb, mysql, sqlite or files; did you mean "postgres"?',
    'line 8: source billing needs "file"',
    'line 10: "exclud" is no setting of source billing; did you mean "exclude"?',
    'line 11: source web needs "connector": postgres, mariadb, mysql, sqlite or files',
    'line 13: target billing bears the name of a source; names are unique across both',
  ])
})

test.each([
  ['vault: [', 'line 1'],
  ['vault: a\nvault: b', 'line 2: Map keys must be unique'],
  ['- a', 'line 1: the file is not valid: wanted object'],
  ['sources: [erp]', 'line 1: "sources" of the file is not valid: wanted record'],
  ['vault: ${not a name}', 'line 1: found ${ without the name'],
  [
    'sources:\n  erp: { connector: sqlite, file: a, include: [] }',
    'line 2: "include" of source erp',
  ],
])('parseConfig() refuses %j', (text, problem) => {
  expect(problemsOf(text)[0]).toContain(problem)
})

test('parseConfig() never prints a password', () => {
  const problems = problemsOf('sources:\n  erp: { connector: postgres, url: "http://a:s3cret@b" }')
  expect(problems).toHaveLength(1)
  expect(problems.join()).not.toContain('s3cret')
  expect(JSON.stringify(parse(documented).sources['erp']?.read())).not.toContain('s3cret')
})

test('parseConfig() puts variables into parts of a value and keeps other dollar signs', () => {
  const text = 'sources:\n  erp: { connector: sqlite, file: "/$data/${A}-${B}/$$${A}" }'
  const config = parse(text, { A: 'x', B: 'y' })
  expect(config.sources['erp']?.read().address.reveal()).toBe('/$data/x-y/$x')
})

test('parseConfig() does not complain about values that wait for a variable', () => {
  const text = 'sources:\n  erp: { connector: postgres, url: "${U}", connectionsMax: "${N}" }'
  expect(() => parse(text, {}).sources['erp']?.read()).toThrow('U, N are not set')
  const config = parse(text, { U: 'postgres://h/d', N: '8' })
  expect(config.sources['erp']?.read().connectionsMax).toBe(8)
})

test('parseConfig() gives a frozen result', () => {
  const config = parse(documented)
  expect(Object.isFrozen(config.sources)).toBe(true)
  expect(Object.isFrozen(config.sources['erp']?.read())).toBe(true)
})

test('parseConfig() takes how a source is followed', () => {
  const read = (follow: string) =>
    parse(
      `sources: { a: { connector: postgres, url: 'postgres://a@b/c', follow: ${follow} } }`,
    ).sources['a']?.read().follow
  const usual = { commitMs: 1000, heartbeatMs: 300_000, reconcileMs: 86_400_000 }
  expect(read('false')).toBeUndefined()
  expect(read('true')).toEqual(usual)
  expect(read('{ commit: 5s }')).toEqual({ ...usual, commitMs: 5000 })
  expect(read('{ reconcile: false }')).toEqual({ ...usual, reconcileMs: null })
  const wrong =
    "sources: { a: { connector: postgres, url: 'postgres://a@b/c', follow: { commit: 1x } } }"
  expect(problemsOf(wrong)).toHaveLength(1)
})

test('parseConfig() takes the canary of a source that is followed', () => {
  const read = (system: string, canary: string) => {
    const follow = `follow: { canary: { ${canary} } }`
    return parse(`sources: { a: { ${system}, ${follow} } }`).sources['a']?.read().follow?.canary
  }
  const postgres = "connector: postgres, url: 'postgres://a@b/c'"
  const own = read(postgres, "url: 'postgres://bird:s3cret@b/c'")
  expect(own).toMatchObject({ table: 'public.holdfast_canary', everyMs: 30_000, lateMs: 60_000 })
  expect(own?.address.reveal()).toBe('postgres://bird:s3cret@b/c')
  expect(JSON.stringify(own)).not.toContain('s3cret')
  const mariadb = "connector: mariadb, url: 'mariadb://a@b/c'"
  expect(read(mariadb, 'url: x, every: 5s')).toMatchObject({
    table: 'holdfast_canary',
    everyMs: 5000,
  })
  expect(read(mariadb, 'url: x, table: t, late: 2m')).toMatchObject({ table: 't', lateMs: 120_000 })
})

test('parseConfig() names the feed of a source that is followed', () => {
  const read = (more: string) =>
    parse(`sources: { big-erp: { connector: postgres, url: 'postgres://a@b/c'${more} } }`).sources[
      'big-erp'
    ]?.read().feedName
  expect(read('')).toBeUndefined()
  expect(read(', follow: true')).toBe('holdfast_big_erp')
  expect(read(', follow: true, feedName: mine')).toBe('mine')
  expect(
    problemsOf("sources: { a: { connector: postgres, url: 'postgres://a@b/c', feedName: A-b } }"),
  ).toEqual([expect.stringContaining('lower-case letters, digits and _')])
})
