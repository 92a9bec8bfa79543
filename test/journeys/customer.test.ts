import { readFile, rename, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, expectFailure, shapeOf } from './testing/traveller.ts'

/** Somebody with the demo behind them: four points of three systems, the third of them damaged. */
async function afterTheDemo() {
  const traveller = await aTraveller()
  const { at, holdfast, holdfastWith } = traveller
  const run = await holdfast('demo', '--folder', 'demo', '--customers', '100', '--seed', 'customer')
  expect(run.exit, run.stderr).toBe(0)
  const here = {
    HOLDFAST_CONFIG: at('demo/holdfast.yaml'),
    HOLDFAST_PASSPHRASE: '',
    HOLDFAST_PASSPHRASE_FILE: at('demo/passphrase'),
    HOLDFAST_STATE_DIR: at('demo/state'),
  }
  return { ...traveller, here: (...argv: string[]) => holdfastWith(here, ...argv) }
}

test('one customer over three systems: map, find, show, history, diff', async () => {
  const { at, here } = await afterTheDemo()
  const answer = async (exit: number, ...argv: string[]) => {
    const run = await here(...argv, '--json')
    expect(run.exit, `${argv.join(' ')}\n${run.stderr}`).toBe(exit)
    return JSON.parse(run.stdout)
  }

  const check = await answer(0, 'map', 'check')
  expect(check).toMatchObject({ verdict: 'clean', problems: [], unmapped: [], isStored: false })
  const found = await here('map', 'discover', '--out', at('found.yaml'))
  expect(found.stdout, found.stderr).toContain('The check says: clean.')
  expect(await answer(0, 'map', 'check', '--file', at('found.yaml'), '--store')).toMatchObject({
    isStored: true,
  })
  expectFailure(
    await here('map', 'discover', '--out', at('found.yaml')),
    2,
    'cli.file-not-writable',
  )

  const wrong = (await readFile(at('demo/customers.yaml'), 'utf8')).replace('tax_id', 'taxid')
  await writeFile(at('wrong.yaml'), wrong)
  const differs = await here('map', 'check', '--file', at('wrong.yaml'))
  expect(differs).toMatchObject({ exit: 4 })
  expect(differs.stdout).toContain('crm main.account has no field taxid; did you mean "tax_id"?')
  await writeFile(at('broken.yaml'), wrong.replace('role: contact', 'role: contakt'))
  const broken = await here('map', 'check', '--file', at('broken.yaml'))
  expectFailure(broken, 2, 'customer.map-invalid')

  const matches = await answer(0, 'customer', 'find', 'farnbeck werkzeugbau')
  expect(matches.matches.map(({ source }: { source: string }) => source).sort()).toEqual([
    'billing',
    'crm',
    'erp',
    'erp',
  ])
  const shown = await answer(0, 'customer', 'show', '500042')
  expect(shapeOf({ ...shown, records: [{ ...shown.records[0], fields: {} }] })).toEqual({
    points: ['string'],
    isWhole: 'boolean',
    records: [
      {
        source: 'string',
        entity: 'string',
        role: 'string',
        key: 'string',
        way: 'string',
        of: 'null',
        name: 'string',
        fields: {},
        large: {},
      },
    ],
    bounded: [],
  })
  const picture = await here('customer', 'show', '500042', '--draw', 'dot')
  expect(picture.stdout).toMatch(/^digraph customer \{\n[\s\S]*\n\}\n$/)

  const page = await here('customer', 'show', '500042', '--draw', 'html')
  expect(page.stdout).toMatch(/^<!doctype html>[\s\S]*<svg [\s\S]*<\/html>\n$/)

  // What was damaged on the third day is told, and that nothing of it is left.
  const damaged = ['erp@3', 'crm@3', 'billing@3']
  const diff = await answer(
    4,
    'customer',
    'diff',
    '500042',
    '--from',
    'erp@2',
    'crm@2',
    'billing@2',
    '--to',
    ...damaged,
  )
  const changes: { entity: string; op: string; changed: string[] }[] = diff.changes
  expect(changes).toContainEqual(
    expect.objectContaining({ entity: 'main.customer_bank_account', op: 'update' }),
  )
  expect(
    await answer(0, 'customer', 'diff', '500042', '--from', 'erp@2', 'crm@2', 'billing@2'),
  ).toMatchObject({ changes: [] })
  const history = await here('customer', 'history', '500042')
  expect(history.stdout, history.stderr).toMatch(/erp@3 {2}~ main\.customer_bank_account:/)
  expectFailure(await here('customer', 'show', '4711'), 2, 'customer.unknown')

  // What nobody has backed up yet is a moment, too.
  const newest = ['erp@latest', 'crm@latest', 'billing@latest']
  const untouched = await answer(
    0,
    'customer',
    'diff',
    '500042',
    '--from',
    ...newest,
    '--to',
    '@live',
  )
  expect(untouched).toMatchObject({ to: ['billing@live', 'crm@live', 'erp@live'], changes: [] })
  expect(untouched.live.map(({ source }: { source: string }) => source)).toEqual([
    'billing',
    'crm',
    'erp',
  ])
  change(at('demo/crm.db'), 'DELETE FROM consent WHERE contact_id = 5000420')
  const renamed = "UPDATE customer SET name = 'Other' WHERE customer_number = '0000100042'"
  change(at('demo/erp.db'), renamed)
  const now = await answer(4, 'customer', 'diff', '500042', '--from', ...newest, '--to', '@live')
  const told: { entity: string; op: string; changed: string[] }[] = now.changes
  expect(told.map(({ changed, entity, op }) => `${op} ${entity} ${changed}`)).toEqual([
    'delete main.consent ',
    'update main.customer name',
  ])
  const back = await here('customer', 'diff', '500042', '--from', '@live', '--to', ...newest)
  expect(back, back.stderr).toMatchObject({ exit: 4 })
  expect(back.stdout).toMatch(/^\+ crm main\.consent:/m)
  expect(back.stdout).toMatch(/Asked now: billing at \S+ \S+ UTC, after billing@\d+; crm at /)
  expect(await answer(0, 'customer', 'find', 'other', '--at', 'erp@live')).toMatchObject({
    matches: [{ source: 'erp', name: 'Other' }],
    live: [{ source: 'erp' }],
  })

  await rename(at('demo/billing.db'), at('demo/away.db'))
  const away = await here('customer', 'diff', '500042', '--from', ...newest, '--to', '@live')
  expectFailure(away, 20, 'connector.unreachable')
  expect(away.stderr).toContain('"billing"')
}, 300_000)
