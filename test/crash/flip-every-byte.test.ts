import { expect, test } from 'vitest'
import { atEntry } from '#record/stamp'
import { readState } from '#segment/read-state'
import { listVersions } from '#segment/testing/segment-fixture'
import { AppError } from '#stdx/app-error'
import { parsePointAddress, resolvePoint } from '#timeline/resolve-point'
import { checkVault } from '#vault/check-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

const FIRST = ['1\tAda\tfirst\n', '2\tBob\t\\N\n']
const SECOND = ['1\tAda\tfirst\n', '2\tBob\tnow\n']

/** Two points: two rows, then one of them changed. A document and heads besides. */
async function aSmallVault(): Promise<VaultInHand> {
  const hand = await aVault()
  await hand.vault.addSource('erp', signal)
  for (const [text, base] of [
    [FIRST.join(''), undefined],
    ['2\tBob\tnow\n', 1],
  ] as const) {
    const state = await hand.vault.readTimeline('erp', signal)
    const capture = base === undefined ? { text } : { text, base }
    await hand.vault.append(state, await aRealCapture(hand.vault, 'erp', capture), signal)
  }
  await hand.vault.putDocument('config', 'sources: {}', signal)
  await hand.vault.putHeads(signal)
  return hand
}

/** The rows of a point, or the code of the refusal. */
async function readPoint(vault: Vault, address: string): Promise<readonly string[] | string> {
  try {
    const state = await vault.readTimeline('erp', signal)
    const { seq } = resolvePoint(state, parsePointAddress(address))
    const all = [...state.schemas.values()].flat()
    const segments = [...state.segments.values()].flat()
    const schemas = new Map(all.map((schema) => [schema.version, schema]))
    const [schema] = all
    if (schema === undefined) return []
    const deps = await vault.readDeps('erp', signal)
    const options = { segments, schemas, schema, asOf: atEntry(seq), rows: true, signal }
    const rows: string[] = []
    for await (const batch of readState(deps, options)) {
      rows.push(...listVersions(batch).map(({ row }) => row ?? ''))
    }
    return rows
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

test('a byte that differs, wherever it is, is found, and gives no wrong row', async () => {
  const { keyring, open, store } = await aSmallVault()
  expect(await readPoint(await open(), 'erp@1')).toEqual(FIRST)
  expect(await readPoint(await open(), 'erp@latest')).toEqual(SECOND)
  let flips = 0
  for (const objects of [store.objects, keyring.objects]) {
    for (const [name, bytes] of [...objects]) {
      for (let at = 0; at < bytes.byteLength; at++) {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        objects.set(name, changed)
        flips += 1
        const vault = await open().catch((error: unknown) => error)
        if (vault instanceof AppError) {
          expect({ name, code: vault.code }).toMatchObject({ name: 'vault.json' })
          continue
        }
        await expectRefusedOrRight(vault as Vault, name, `${name} ${at}`)
      }
      objects.set(name, bytes)
    }
  }
  expect(flips).toBeGreaterThan(8_000)
})

async function expectRefusedOrRight(vault: Vault, name: string, where: string): Promise<void> {
  const isOfErp = /(^|\/)erp\//.test(name)
  // What is not the source's own is looked at without it: the test takes long enough.
  const sources = isOfErp ? ['erp'] : []
  const { verdict } = await checkVault(vault, {
    depth: 'hashes',
    sources,
    signal,
    onProgress: () => {},
  })
  expect({ where, verdict }).toEqual({ where, verdict: 'damaged' })
  if (!isOfErp) return
  for (const [address, rows] of [
    ['erp@1', FIRST],
    ['erp@latest', SECOND],
  ] as const) {
    const read = await readPoint(vault, address)
    if (typeof read !== 'string') expect({ where, read }).toEqual({ where, read: rows })
  }
}
