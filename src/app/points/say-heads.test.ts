import { expect, test } from 'vitest'
import { parseConfig } from '#config/parse-config'
import { aCapture } from '#vault/testing/a-capture'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { expirePoints } from '../expire-points.ts'
import { holdPoints, labelPoint, releasePoints } from '../mark-points.ts'

const policy = '{ keepAll: 0h, daily: 1, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 }'
const text = `sources:\n  erp: { connector: sqlite, file: x, retention: ${policy} }`
const config = parseConfig(text, { label: 'x', folder: '/', environment: {} })
// Only what the configuration says of retention is asked for.
const deps = { readConfig: async () => config as never }
const agree = async () => {}

/** Points of one source, the first of them held, and what is newest said. */
async function aHistory(): Promise<VaultInHand> {
  const inHand = await aVault()
  const { vault } = inHand
  await vault.addSource('erp', signal)
  for (let count = 0; count < 3; count++) {
    const state = await vault.readTimeline('erp', signal)
    const base = state.points.at(-1)?.seq
    const change = base === undefined ? {} : { base, schemas: [] }
    await vault.append(state, await aCapture(vault, 'erp', change), signal)
  }
  await vault.putHeads(signal)
  return inHand
}

const hold = { points: ['erp@1'], reason: 'audit' }
const ACTS: Readonly<Record<string, (vault: Vault) => Promise<unknown>>> = {
  hold: (vault) => holdPoints(vault, hold, signal),
  label: (vault) => labelPoint(vault, { point: 'erp@1', label: 'fy26' }, signal),
  release: async (vault) => {
    await holdPoints(vault, hold, signal)
    await releasePoints(vault, { points: ['erp@1'] }, signal)
  },
  expire: (vault) => expirePoints(deps, vault, { source: 'erp', isDryRun: false, agree }, signal),
}

test.each(Object.keys(ACTS))(
  'a machine that never saw a %s notices that storage took it back',
  async (kind) => {
    const { open, store, vault } = await aHistory()
    await ACTS[kind]?.(vault)
    const newest = [...store.objects.keys()]
      .filter((one) => one.startsWith('timelines/erp/'))
      .sort()
    store.objects.delete(newest.at(-1) ?? '')
    await expect((await open()).readTimeline('erp', signal)).rejects.toMatchObject({
      code: 'timeline.rolled-back',
    })
  },
)

test('a hold counts although the timeline of the vault is damaged', async () => {
  const { open, store, vault } = await aHistory()
  const [first = ''] = [...store.objects.keys()].filter((one) =>
    one.startsWith('timelines/_vault/'),
  )
  store.objects.set(first, new Uint8Array(8))
  const other = await open()
  expect(await holdPoints(other, hold, signal)).toMatchObject({ entries: ['erp@4'] })
  expect((await vault.readTimeline('erp', signal)).points.at(0)).toMatchObject({ held: true })
})

test('a dry run and what was said before say nothing', async () => {
  const { store, vault } = await aHistory()
  await holdPoints(vault, hold, signal)
  const before = [...store.objects.keys()]
  await holdPoints(vault, { ...hold, isDryRun: true }, signal)
  await holdPoints(vault, hold, signal)
  expect([...store.objects.keys()]).toEqual(before)
})
