import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkMap, type MapCheck } from '#customer/check-map'
import type { MapEntity } from '#customer/customer-map'
import { findClosure } from '#customer/find-closure'
import { findCustomers } from '#customer/find-customers'
import { findParty } from '#customer/find-party'
import { PACK_NAMES } from '#customer/fit-packs'
import { mapAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { isReference } from '#customer/roles'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import { fitMapPacks } from './fit-map-packs.ts'
import { DOLIBARR_SYSTEM } from './testing/pack-systems/dolibarr.ts'
import { ERPNEXT_SYSTEM } from './testing/pack-systems/erpnext.ts'
import { ODOO_SYSTEM } from './testing/pack-systems/odoo.ts'
import { SUITECRM_SYSTEM } from './testing/pack-systems/suitecrm.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const SYSTEMS = {
  odoo: ODOO_SYSTEM,
  erpnext: ERPNEXT_SYSTEM,
  dolibarr: DOLIBARR_SYSTEM,
  suitecrm: SUITECRM_SYSTEM,
}
const deps = { random: systemRandom, tempDir: tmpdir(), begin: () => {} }
let all: VaultOfFiles

beforeAll(async () => {
  all = await vaultOfSql(SYSTEMS)
}, 60_000)
afterAll(() => all[Symbol.dispose]())

function fitted({ vault }: VaultOfFiles, ...wanted: string[]) {
  return fitMapPacks(vault, { wanted, at: [] }, signal)
}

async function check(text: string, { sourcesAt }: VaultOfFiles): Promise<MapCheck> {
  return await checkMap(deps, parseMap(text, 'a map'), await sourcesAt(), signal)
}

/** Entities of a map, by name without schema. */
function named(text: string): Map<string, MapEntity> {
  const { entities } = parseMap(text, 'a map')
  return new Map(entities.map((one) => [one.entity.replace(/^main\./, ''), one]))
}

/** What a pack names of versions other than the one its system was made after. */
const OF_OTHER_VERSIONS: Record<string, readonly string[]> = {
  odoo: ['main.account_move payment_id', 'main.account_account company_id'],
  erpnext: ['main.tabDunning sales_invoice'],
}

test.each(PACK_NAMES)(
  'the pack %s is true of a system like it, and reaches all of it',
  async (name) => {
    const { sources, text } = await fitted(all, `${name}=${name}`)
    expect(sources).toMatchObject([{ source: name, pack: name, point: `${name}@1` }])
    const lacking = sources[0]?.lacking.filter((what) => !what.startsWith('finance: '))
    expect(lacking).toEqual(OF_OTHER_VERSIONS[name] ?? [])
    const { entities, links, problems, verdict } = await check(text, all)
    expect(links.filter(({ isFaulty }) => isFaulty)).toEqual([])
    expect({ problems, verdict }).toEqual({ problems: [], verdict: 'clean' })
    // Some record bears out every link, and what nothing reaches is there to be looked up.
    const idle = links.filter(({ pointing }) => pointing === 0)
    expect(idle.map(({ entity, fields, to }) => [entity, ...fields, to.entity])).toEqual([])
    const unreached = entities.filter(({ reached }) => reached === 0)
    expect(unreached.map(({ entity }) => entity)).toEqual(UNREACHED[name] ?? [])
  },
)

/** What records only need, and reference data of reference data, which is there to be looked up. */
const UNREACHED: Record<string, readonly string[]> = {
  odoo: ['main.account_full_reconcile', 'main.account_payment_term_line'],
  erpnext: ['main."tabPayment Terms Template Detail"'],
}

test.each(PACK_NAMES)(
  'the pack %s speaks of every table of its system, and leaves the technical ones out',
  async (name) => {
    const { text } = await fitted(all, `${name}=${name}`)
    const map = parseMap(text, name)
    const source = (await all.sourcesAt()).find((one) => one.source === name)
    const rest = (source?.point.entities ?? []).filter(({ entity }) => {
      return !map.entities.some((one) => one.entity === entity)
    })
    const leftOut = map.leftOut.get(name) ?? []
    expect(rest.map(({ entity }) => entity).filter((one) => !leftOut.includes(one))).toEqual(
      name === 'odoo' ? ['main.stock_move'] : [],
    )
    expect(leftOut.length).toBeGreaterThan(0)
    expect(map.entities.filter(({ role }) => isReference(role)).length).toBeGreaterThan(2)
  },
)

test.each([
  ['suitecrm', 'buyer@farnbeck.example', 'main.accounts', 'a1'],
  ['suitecrm', 'buyer', 'main.accounts', 'a1'],
  ['erpnext', 'buyer@farnbeck.example', 'main.tabCustomer', 'CUST-1'],
  ['odoo', 'de89 3704 0044 0532 0130 00', 'main.res_partner', '10'],
  ['dolibarr', 'petit', 'main.llx_societe', '1'],
])('with the pack %s, %s is found to be of its customer', async (name, text, entity, key) => {
  const map = parseMap((await fitted(all, `${name}=${name}`)).text, name)
  const laid = mapAt(map, await all.sourcesAt())
  const { matches } = await findCustomers(laid, { text, matchesMax: 5, signal })
  const owners = matches.map(({ party }) => party && [party.entity.map.entity, party.key])
  expect(owners).toContainEqual([entity, key])
})

test.each([
  // A payment and its line in the bank journal, and none of the daughter's.
  ['dolibarr', 'CU1', 'main.llx_paiement', ['1']],
  ['dolibarr', 'CU1', 'main.llx_bank', ['1', '2']],
  ['dolibarr', 'CU2', 'main.llx_paiement', ['2']],
  // The tie of this account to the contact was deleted.
  ['suitecrm', 'a1', 'main.contacts', ['c1']],
  ['suitecrm', 'a2', 'main.contacts', []],
  ['suitecrm', 'a1', 'main.documents', ['d1', 'd2']],
  // The customer is the supplier, too, and the entry comes whole.
  ['erpnext', 'CUST-1', 'main."tabPurchase Invoice"', ['PINV-1', 'PINV-2']],
  ['erpnext', 'CUST-1', 'main."tabJournal Entry Account"', ['ja1', 'ja2', 'ja3']],
  ['erpnext', 'CUST-2', 'main.tabAddress', []],
  // The line of another customer in the same entry is not its own.
  ['odoo', 'C-10', 'main.account_move_line', ['1', '2', '3', '4', '5', '6']],
  ['odoo', 'C-10', 'main.ir_attachment', ['1', '2', '5']],
])('with the pack %s, %s has of %s: %s', async (name, id, entity, keys) => {
  const map = parseMap((await fitted(all, `${name}=${name}`)).text, name)
  const laid = mapAt(map, await all.sourcesAt())
  const roots = await findParty(laid, { id, source: name, signal })
  const { bounded, records } = await findClosure(laid, roots, { bounds: map.bounds, signal })
  const own = records.filter(({ entity: { map: one }, way }) => {
    return one.entity === entity && way.kind !== 'needed'
  })
  expect(own.map(({ key }) => key).sort()).toEqual(keys)
  expect(bounded).toEqual([])
})

test('orphans of a system are found by its pack, with its line', async () => {
  using hurt = await vaultOfSql({ erp: ODOO_SYSTEM, crm: SUITECRM_SYSTEM })
  hurt.exec(
    'erp',
    'DELETE FROM account_move WHERE id = 100; UPDATE ir_attachment SET res_id = 99 WHERE id = 2',
  )
  hurt.exec('crm', "DELETE FROM contacts WHERE id = 'c1'")
  await hurt.backUp()
  const { text } = await fitted(hurt, 'erp=odoo', 'crm=suitecrm')
  const { links, verdict } = await check(text, hurt)
  expect(verdict).toBe('differs')
  const told = links.filter(({ isFaulty }) => isFaulty)
  expect(told.map(({ entity, fields, orphans }) => [entity, fields.join(), orphans])).toEqual(
    expect.arrayContaining([
      ['main.account_move_line', 'move_id', 3],
      ['main.ir_attachment', 'res_id', 1],
      ['main.accounts_contacts', 'contact_id', 1],
    ]),
  )
  const lines = text.split('\n')
  for (const { fields, line } of told) expect(lines[line - 1]).toContain(`[${fields.join(', ')}]`)
})

test('a pack is fitted to what is installed, and says what is not', async () => {
  using small = await vaultOfSql({
    shop: `CREATE TABLE abc_societe (rowid INTEGER PRIMARY KEY, code_client TEXT, nom TEXT, parent INTEGER, fk_pays INTEGER);
      CREATE TABLE abc_facture (rowid INTEGER PRIMARY KEY, fk_soc INTEGER, fk_projet INTEGER);
      CREATE TABLE abc_contratdet (rowid INTEGER PRIMARY KEY, fk_contrat INTEGER);
      CREATE TABLE abc_socpeople (rowid INTEGER PRIMARY KEY, fk_soc INTEGER);
      CREATE TABLE llx_societe (rowid INTEGER PRIMARY KEY);
      CREATE TABLE abc_const (rowid INTEGER PRIMARY KEY);
      INSERT INTO abc_societe VALUES (1, 'C1', 'Moulin', 0, 0);
      INSERT INTO abc_facture VALUES (1, 1, NULL);`,
  })
  const { sources, text } = await fitted(small, 'shop=dolibarr')
  const lacking = sources[0]?.lacking ?? []
  expect(lacking).toContain('main.abc_paiement')
  expect(lacking).toContain('main.abc_societe tva_intra')
  expect(lacking).toContain('main.abc_facture fk_facture_source')
  expect(await check(text, small)).toMatchObject({
    verdict: 'clean',
    problems: [],
    unmapped: [{ entity: 'main.llx_societe' }],
  })
  expect(named(text).get('abc_societe')?.identity).toEqual({ number: 'code_client', name: 'nom' })
  expect(named(text).get('abc_contratdet')?.links).toEqual([])
  expect(parseMap(text, 'it').leftOut.get('shop')).toEqual(['main.abc_const'])
  // With the marks taken away, all of the pack is there again, but what is looked up for finance.
  const entities = text.slice(0, text.indexOf('#~ finance:'))
  const whole = named(entities.replaceAll('#~ ', ''))
  expect(whole.get('abc_paiement_facture')?.links).toHaveLength(2)
})

test('packs of several systems are one map, matched by tax id where two have one', async () => {
  const both = await fitted(all, 'odoo=odoo', 'erpnext=erpnext', 'suitecrm=suitecrm')
  const map = parseMap(both.text, 'both')
  expect(map.match).toEqual(['taxId'])
  expect(await check(both.text, all)).toMatchObject({ verdict: 'clean' })
  const one = parseMap((await fitted(all, 'odoo=odoo', 'suitecrm=suitecrm')).text, 'one')
  expect(one.match).toEqual([])
})

test('fitMapPacks() refuses what is no pack, no source and no such system', async () => {
  await expect(fitted(all, 'odoo=sap')).rejects.toMatchObject({ code: 'customer.pack-unknown' })
  await expect(fitted(all, 'odoo')).rejects.toMatchObject({ code: 'customer.pack-unknown' })
  await expect(fitted(all, 'erp=odoo')).rejects.toMatchObject({ code: 'vault.source-unknown' })
  await expect(fitted(all, 'odoo=erpnext')).rejects.toMatchObject({ code: 'customer.pack-unfit' })
})
