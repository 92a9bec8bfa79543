import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { describePostgres, freshDatabase } from '#test/servers/fresh-database'
import { parseAddress } from './address.ts'
import { connect } from './connect.ts'

const ROWS = 40_000
const signal = new AbortController().signal

describePostgres('copyOut()', (major) => {
  test('gives a slow consumer every byte, and the driver its connection back', async () => {
    await using database = await freshDatabase(major)
    await using session = await connect(parseAddress(`${database.url}?sslmode=disable`), signal)
    const select = `select n, repeat(md5(n::text), 1 + n % 7) from generate_series(1, ${ROWS}) n`
    const hash = createHash('md5')
    let count = 0
    for await (const batch of session.copyOut(`copy (${select}) to stdout`, signal)) {
      // Longer than the server needs for what may wait here: the socket is paused, then resumed.
      await sleep(20)
      count += 1
      for (const part of batch.kind === 'rows' ? [batch.bytes] : batch.parts) hash.update(part)
    }
    expect(count).toBeGreaterThan(3)
    const whole = `select md5(string_agg(n || chr(9) || value || chr(10), '' order by n)) from (${select}) s(n, value)`
    expect(await session.query(whole, signal)).toEqual([[hash.digest('hex')]])
  })
})
