import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { isAppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from '#vault/check-vault'
import { openVault } from '#vault/open-vault'
import { stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { change } from '../journeys/testing/example-database.ts'
import { type Traveller, travellerIn } from '../journeys/testing/traveller.ts'
import { aChance } from './testing/chance.ts'
import { isCode, readOrCode } from './testing/read-or-code.ts'

/** Small enough to try every byte; the text is one that is stored once, as a large value. */
const TABLES = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT);
  INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Eve');
  INSERT INTO doc VALUES (1, '${'long '.repeat(30_000)}'), (2, 'short');
`
const CONFIG = `sources:
  erp:
    connector: sqlite
    file: ./erp.db
    retention: { keepAll: 0h, daily: 0, weekly: 0, monthly: 0, yearly: 0, keepMin: 2 }
`
const READS = ['erp@2', 'erp@latest'].flatMap((point) =>
  ['main.customer', 'main.doc'].map((entity) => ({ point, entity })),
)
/** One object of each kind of a source's data byte by byte; of the rest so many bytes each. */
const OTHER_FLIPS = 6
const { signal } = new AbortController()

type Found = {
  readonly stores: Readonly<Record<'store' | 'keyring', MemoryStore>>
  readonly credential: string
  readonly rows: readonly string[]
}
let found: Found

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-flips-'))
  try {
    found = await liveThrough(travellerIn(folder))
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** A vault that was expired, compacted, whose keys were split, and those of its readers made anew. */
async function liveThrough(traveller: Traveller): Promise<Found> {
  const { at, configure, holdfast, holdfastWith } = traveller
  const run = async (running: ReturnType<typeof holdfast>) => {
    const { exit, stderr } = await running
    expect({ exit, stderr }).toMatchObject({ exit: 0 })
  }
  change(at('erp.db'), TABLES)
  await configure(CONFIG)
  await run(holdfast('init'))
  for (let day = 1; day <= 4; day++) {
    change(
      at('erp.db'),
      `UPDATE customer SET name = 'day ${day}' WHERE id = 2; UPDATE doc SET id = ${day + 5} WHERE id > 2 OR id = 1`,
    )
    await run(holdfast('backup'))
    if (day === 2) await run(holdfast('hold', 'erp@2', '--reason', 'test'))
  }
  await run(holdfast('expire', 'erp', '--confirm', 'erp'))
  await run(holdfast('compact'))
  await run(holdfast('collect', '--grace', '0s'))
  await run(holdfast('key', 'split', '--out', at('keys')))
  const slot = { HOLDFAST_SLOT: at('keys/recovery.slot') }
  await run(holdfastWith(slot, 'key', 'rotate', 'restore', '--out', at('more-keys')))
  const stores = { store: createMemoryStore('vault'), keyring: createMemoryStore('keyring') }
  await load(stores.store, at('vault'))
  await load(stores.keyring, at('vault/keyring'))
  const credential = await readFile(at('more-keys/restore.key'), 'utf8')
  const vault = await open({ stores, credential })
  return {
    stores,
    credential,
    rows: await Promise.all(READS.map((what) => readOrCode(vault, what))),
  }
}

async function load({ objects }: MemoryStore, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1)
    if (entry.isFile() && !name.startsWith('keyring/')) objects.set(name, await readFile(path))
  }
}

async function open({ credential, stores }: Pick<Found, 'stores' | 'credential'>): Promise<Vault> {
  const keyFile = new Secret(credential)
  const deps = { ...stores, clock: stillClock, random: systemRandom, stateDir: undefined, signal }
  return await openVault({ ...deps, keyFile })
}

/** What is damaged is named, and every row that is given is right. */
async function expectHonest(where: string, name: string, reads = READS): Promise<void> {
  const vault = await open(found).catch((error: unknown) => {
    if (isAppError(error)) return undefined
    throw error
  })
  if (vault === undefined) return
  const report = await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
  const named = report.problems.some(({ object }) => object.endsWith(name))
  expect({ where, named }).toEqual({ where, named: true })
  for (const what of reads) {
    const text = await readOrCode(vault, what)
    const right = found.rows[READS.indexOf(what)]
    expect({ where, ...what, text: isCode(text) ? right : text }).toEqual({
      where,
      ...what,
      text: right,
    })
  }
}

test('the vault has every kind of object there is', () => {
  expect(found.rows.map((text) => text.split('\n').length)).toEqual([4, 3, 4, 3])
  const names = [...found.stores.store.objects.keys(), ...found.stores.keyring.objects.keys()]
  for (const kind of [/\.keys$/, /\.rows$/, /\.blobs$/, /\.entry$/, /\.document$/, /^roles\//]) {
    expect(names).toContainEqual(expect.stringMatching(kind))
  }
  // Sealed again, to readers that came later.
  expect(names).toContainEqual(expect.stringMatching(/^erp\/[0-9a-f]{32}\/\d+\.\d+$/))
})

test('a byte that differs in merged segments, large values or new keyrings is found', async () => {
  const chance = aChance('flips')
  let flips = 0
  const kinds = new Set<string>()
  for (const { objects } of Object.values(found.stores)) {
    for (const [name, bytes] of [...objects]) {
      const kind = /^(?:segments\/)?erp\/.*(\.\w+)$/.exec(name)?.[1]
      const isFirst = kind !== undefined && !kinds.has(kind)
      if (isFirst) kinds.add(kind)
      const places = isFirst
        ? [...bytes.keys()]
        : Array.from({ length: OTHER_FLIPS }, () => Math.floor(chance.next() * bytes.byteLength))
      for (const at of places) {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        objects.set(name, changed)
        flips += 1
        await expectHonest(
          `${name} ${at} flipped`,
          name,
          READS.slice(flips % READS.length).slice(0, 1),
        )
      }
      objects.set(name, bytes)
    }
  }
  console.info(`${flips} flips`)
  expect(flips).toBeGreaterThan(1_000)
})

test('an object that is cut, emptied, gone or another one is found', async () => {
  for (const { objects } of Object.values(found.stores)) {
    for (const [name, bytes] of [...objects]) {
      const other = [...objects].find(([one]) => one !== name && kindOf(one) === kindOf(name))
      const changes: [string, Uint8Array | undefined][] = [
        ['cut', bytes.subarray(0, -1)],
        ['emptied', new Uint8Array()],
        ...(isMissed(name) ? [['gone', undefined] as [string, undefined]] : []),
        ...(other === undefined ? [] : [['exchanged', other[1]] as [string, Uint8Array]]),
      ]
      for (const [how, instead] of changes) {
        if (instead === undefined) objects.delete(name)
        else objects.set(name, Uint8Array.from(instead))
        await expectHonest(`${name} ${how}`, name)
        objects.set(name, bytes)
      }
    }
  }
})

/**
 * Nothing says which certificates and slots there were; and that there was a newest entry of `_vault`,
 * only a machine that saw it.
 */
function isMissed(name: string): boolean {
  const own = [...found.stores.store.objects.keys()].filter((one) =>
    one.startsWith('timelines/_vault/'),
  )
  return !/^(roles|slots)\//.test(name) && name !== own.sort().at(-1)
}

/** Objects that could be taken for each other. */
function kindOf(name: string): string {
  return name.replace(/[0-9a-f]{16,}/g, '*').replace(/[0-9]+/g, '*')
}
