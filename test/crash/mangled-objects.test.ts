import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSlot } from '#seal/slot'
import { isAppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openLocalStore } from '#store/local/local-store'
import { parseObjectName } from '#store/object-name'
import { checkVault } from '#vault/check-vault'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { change } from '../journeys/testing/example-database.ts'
import { aTraveller, PASSPHRASE, type Traveller } from '../journeys/testing/traveller.ts'
import { aChance } from './testing/chance.ts'
import { isCode, readOrCode } from './testing/read-or-code.ts'

const TABLES = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, iban TEXT);
  CREATE TABLE log (at TEXT, said TEXT);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO customer SELECT i, 'Müller ' || i, 'DE' || i FROM n;
  INSERT INTO log SELECT '2026-06-30', name FROM customer WHERE id < 9;
`
const READS = ['erp@1', 'erp@2'].flatMap((point) =>
  ['main.customer', 'main.log'].map((entity) => ({ point, entity })),
)
const FLIPS = 200
const MISSED_BY_NOBODY = /^(?:keyring\/slots\/\S+ (?:gone|exchanged)|roles\/\S+ gone)/
const { signal } = new AbortController()

/** A real vault of two points, each entity changed in the second. */
async function aRealVault(): Promise<Traveller> {
  const traveller = await aTraveller()
  change(traveller.at('erp.db'), TABLES)
  await traveller.configure('sources:\n  erp: { connector: sqlite, file: ./erp.db }\n')
  await traveller.holdfast('init')
  await traveller.summary('backup')
  change(traveller.at('erp.db'), `UPDATE customer SET iban = 'XX' WHERE id < 5; DELETE FROM log`)
  await traveller.summary('backup')
  return traveller
}

/** What the passphrase opens, to open the vault with again and again: a passphrase takes its time. */
async function readKeyFile({ id: vaultId }: Vault, folder: string): Promise<Secret> {
  const slots = join(folder, 'keyring/slots')
  const file = (await readdir(slots)).sort()[0] ?? ''
  const text = await readFile(join(slots, file), 'utf8')
  const passphrase = new Secret(PASSPHRASE)
  const slot = { vaultId, name: parseObjectName(`slots/${file}`), text, passphrase }
  return new Secret(await openSlot(slot))
}

async function open(folder: string, keyFile?: Secret): Promise<Vault> {
  return await openVault({
    store: openLocalStore({ root: folder, random: systemRandom }),
    keyring: openLocalStore({ root: join(folder, 'keyring'), random: systemRandom }),
    clock: systemClock,
    random: systemRandom,
    // The newest entries are missed by a machine that saw them.
    stateDir: join(folder, '../state'),
    signal,
    ...(keyFile ? { keyFile } : { passphrase: new Secret(PASSPHRASE) }),
  })
}

type Known = { readonly folder: string; readonly keyFile: Secret; readonly rows: readonly string[] }

async function know(folder: string): Promise<Known> {
  const whole = await open(folder)
  const rows = await Promise.all(READS.map((what) => readOrCode(whole, what)))
  return { folder, keyFile: await readKeyFile(whole, folder), rows }
}

/** A vault in which one object is not what it was says so, and gives right rows or none. */
async function expectHonest(
  { folder, keyFile, rows }: Known,
  name: string,
  how: string,
): Promise<void> {
  const where = `${name} ${how}`
  const isSlot = name.startsWith('keyring/slots/')
  const vault = await open(folder, isSlot ? undefined : keyFile).catch((error: unknown) => {
    if (isAppError(error)) return undefined
    throw error
  })
  if (vault === undefined) return
  const report = await checkVault(vault, { depth: 'decoded', signal, onProgress: () => {} })
  // Nothing says how many slots there are, nor which roles: one too few is not missed, and each
  // slot opens as well in the place of another.
  const isMissed = !MISSED_BY_NOBODY.test(where)
  if (isMissed) expect({ where, verdict: report.verdict }).toEqual({ where, verdict: 'damaged' })
  for (const [index, what] of READS.entries()) {
    const found = await readOrCode(vault, what)
    expect({ where, found: isCode(found) ? rows[index] : found }).toEqual({
      where,
      found: rows[index],
    })
  }
}

test('an object that is cut, emptied, gone, lengthened or exchanged is noticed', async () => {
  const { at } = await aRealVault()
  const folder = at('vault')
  const known = await know(folder)
  expect(known.rows.map((text) => text.split('\n').length)).toEqual([61, 9, 61, 1])
  const names = await listObjects(folder)
  expect(names.length).toBeGreaterThan(15)
  const bytesOf = new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, name))] as const),
    ),
  )
  for (const [name, bytes] of bytesOf) {
    const other = names.find((one) => one !== name && kindOf(one) === kindOf(name))
    const changed: [string, Buffer | undefined][] = [
      ['cut', bytes.subarray(0, -1)],
      ['cut in half', bytes.subarray(0, bytes.length >> 1)],
      ['emptied', Buffer.alloc(0)],
      ['gone', undefined],
      ['lengthened', Buffer.concat([bytes, Buffer.from('}')])],
    ]
    if (other !== undefined) changed.push([`exchanged for ${other}`, bytesOf.get(other)])
    for (const [how, instead] of changed) {
      if (instead === undefined) await rm(join(folder, name))
      else await writeFile(join(folder, name), instead)
      await expectHonest(known, name, how)
      await writeFile(join(folder, name), bytes)
    }
  }
  const report = await checkVault(await open(folder), {
    depth: 'decoded',
    signal,
    onProgress: () => {},
  })
  expect(report.problems).toEqual([])
})

test('a bit that tips anywhere in a real vault is noticed', async () => {
  const { at } = await aRealVault()
  const folder = at('vault')
  const known = await know(folder)
  const names = await listObjects(folder)
  const chance = aChance('bits')
  for (let i = 0; i < FLIPS; i++) {
    const name = names[Math.floor(chance.next() * names.length)] ?? ''
    const bytes = await readFile(join(folder, name))
    const offset = Math.floor(chance.next() * bytes.length)
    const bit = Math.floor(chance.next() * 8)
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(offset) ^ (1 << bit), offset)
    await writeFile(join(folder, name), changed)
    await expectHonest(known, name, `byte ${offset} bit ${bit}`)
    await writeFile(join(folder, name), bytes)
  }
})

async function listObjects(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('~tmp'))
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}

/** Objects that could be taken for each other. */
function kindOf(name: string): string {
  return name.replace(/[0-9a-f]{16,}/g, '*').replace(/[0-9]+/g, '*')
}
