import { expect, test } from 'vitest'
import { describeMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { aTraveller, expectFailure } from './testing/traveller.ts'

describeMariadb('side effects of a restore', () => {
  test('what would run by itself is listed, refused, and runs when it was accepted', async () => {
    const { answer, at, configure, holdfast, summary } = await aTraveller()
    await using shop = await freshMariadb()
    await shop.query(`CREATE TABLE invoice (id INT PRIMARY KEY, total INT); CREATE TABLE mail (invoice INT);
      INSERT INTO invoice VALUES (1, 10), (2, 20);
      CREATE TRIGGER send AFTER INSERT ON invoice FOR EACH ROW INSERT INTO mail VALUES (NEW.id)`)
    await configure(`sources:
  shop: { connector: mariadb, url: '${shop.url}' }
targets:
  live: { connector: mariadb, url: '${shop.url}' }
`)
    await holdfast('init')
    await summary('backup')
    await shop.query('DELETE FROM invoice WHERE id = 2; UPDATE invoice SET total = 11')
    const restore = ['restore', 'shop@1', '--to', 'live', '--entity', 'invoice']
    const sends = { kind: 'trigger', name: 'send', entity: 'invoice', state: 'runs' }
    expect(await answer(...restore, '--plan-only')).toMatchObject({ sideEffects: [sends] })
    // An update alone sets nothing off.
    expect(
      await answer('restore', 'shop@1', '--to', 'live', '--record', 'invoice:1', '--plan-only'),
    ).toMatchObject({ sideEffects: [] })
    // Whoever made a plan file did not accept them for whoever carries it out.
    const toFile = ['--plan-only', '--out', at('plan.jsonl'), '--accept-side-effects']
    expect(await holdfast(...restore, ...toFile)).toMatchObject({ exit: 0 })
    const carryOut = ['restore', '--plan', at('plan.jsonl'), '--confirm', 'live']
    const refused = await holdfast(...carryOut)
    expectFailure(refused, 5, 'restore.side-effects')
    expect(refused.stderr).toContain('trigger send')
    expect(refused.stderr).toContain('--accept-side-effects')
    expect(await shop.query('SELECT id, total FROM invoice')).toEqual([{ id: 1, total: 11 }])
    const accepted = await summary(...carryOut, '--accept-side-effects')
    expect(accepted).toMatchObject({ inserted: 1, updated: 1 })
    expect(await shop.query('SELECT * FROM mail')).toEqual([{ invoice: 2 }])
  })
})
