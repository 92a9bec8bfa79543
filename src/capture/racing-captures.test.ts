import { expect, test } from 'vitest'
import { parseObjectName } from '#store/object-name'
import type { EntryBody } from '#timeline/entry'
import { signal } from '#vault/testing/a-vault'
import { aLife, type Life, SOURCE } from './testing/a-life.ts'

const CUSTOMERS = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bea')`
const customer = 'main.customer'

/** Captures a change; `during` happens when its objects are written and its entry is not. */
async function captureDuring(life: Life, during: (session: string) => Promise<void>) {
  await life.exec(`UPDATE customer SET name = name || '!'`)
  return await life.capture({
    captureEntity: (plain) => async (job, rows, watch) => {
      const result = await plain(job, rows, watch)
      await during(job.session)
      return result
    },
  })
}

async function append(life: Life, body: EntryBody): Promise<void> {
  await life.inHand.vault.append(await life.state(), body, signal)
}

test('a capture commits after labels, holds and fences of others that came between', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const { seq } = await captureDuring(life, async () => {
    await append(life, { kind: 'label', label: 'a', point: 1 })
    await append(life, { kind: 'hold', points: [1], reason: '' })
    await append(life, { kind: 'fence', sessions: ['somebody-else'] })
  })
  expect(seq).toBe(5)
  expect((await life.state()).incidents).toEqual([])
  expect(await life.rowsAt(5, customer)).toMatchObject([{ name: 'Ada!' }, { name: 'Bea!' }])
})

test('a capture commits after an expiry of others, which leaves it the point it was compared with', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await captureDuring(life, async () => {})
  const { vault } = life.inHand
  await captureDuring(life, async () => {
    const proposal = { kind: 'expire' as const, basis: null, points: [1] }
    await append(life, await vault.cosign(SOURCE, proposal, signal))
  })
  const { incidents, points } = await life.state()
  expect([points.map(({ seq }) => seq), incidents]).toEqual([[2, 4], []])
  expect(await life.rowsAt(4, customer)).toMatchObject([{ name: 'Ada!!' }, { name: 'Bea!!' }])
})

test.each([
  ['and whose objects are there still', false],
  ['and whose objects are gone', true],
])('a capture that was declared dead %s fails and leaves nothing', async (_, areGone) => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const { store } = life.inHand
  const failing = captureDuring(life, async (session) => {
    await append(life, { kind: 'fence', sessions: [session] })
    for (const name of areGone ? [...store.objects.keys()] : []) {
      if (name.includes(session)) await store.delete(parseObjectName(name), signal)
    }
  })
  await expect(failing).rejects.toMatchObject({
    code: 'vault.entry-refused',
    message: `Cannot commit a capture to "${SOURCE}": its session was declared dead`,
  })
  const { incidents, points } = await life.state()
  expect([points.map(({ seq }) => seq), incidents]).toEqual([[1], []])
  // Whoever comes after it is not concerned.
  expect(await life.capture()).toMatchObject({ seq: 3 })
})
