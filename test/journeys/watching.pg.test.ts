import { readFile, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseMetrics } from '#app/testing/parse-metrics'
import { freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { aTraveller, expectFailure, type Traveller } from './testing/traveller.ts'
import { untilLine } from './testing/until-line.ts'

type Finding = { readonly check: string; readonly verdict: string; readonly fix: string }

describePostgres('watching over what follows', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce(
    'a canary, metrics and doctor say that all comes through, and when it does not',
    async () => {
      const traveller = await aTraveller()
      await using system = await freshFeedSystem(major)
      await system.query('create table invoice (id int primary key)')
      const role = `canary_${system.feedName}`
      await system.query(`create role ${role} login password 'c'`)
      const url = new URL(system.url)
      url.username = role
      url.password = 'c'
      await traveller.configure(`sources:
  erp:
    connector: postgres
    url: '${system.url}'
    feedName: ${system.feedName}
    follow: { canary: { url: '${url.href}', every: 1s, late: 5s } }
`)
      await traveller.holdfast('init')
      expect(await findingOf(traveller, 'following erp')).toMatchObject({ verdict: 'skipped' })
      const { canary } = JSON.parse(
        (await traveller.holdfast('source', 'check', 'erp', '--json')).stdout,
      )
      expect(canary.problem).toBe('public.holdfast_canary is not there')
      // The publication is made by whoever follows first.
      for (const statement of canary.statements.slice(0, -1)) await system.query(statement)

      const metrics = traveller.at('metrics/holdfast.prom')
      const follower = traveller.start('follow', 'erp', '--json', '--metrics-file', metrics)
      const { delayMs } = await untilLine(follower, ({ type }) => type === 'canary')
      expect(Number(delayMs)).toBeLessThan(30_000)
      await untilLine(follower, ({ type }) => type === 'canary')
      expect(await findingOf(traveller, 'canary erp')).toMatchObject({ verdict: 'good' })
      expect(await findingOf(traveller, 'following erp')).toMatchObject({ verdict: 'good' })
      const checked = await traveller.holdfast('source', 'check', 'erp')
      expect(checked.stdout).toContain('somebody follows it')
      expect(checked.stdout).toContain('The canary is ready.')

      await system.query(`alter publication ${system.feedName} drop table holdfast_canary`)
      const { code } = await untilLine(
        follower,
        ({ type, code }) => type === 'warning' && code === 'capture.canary-late',
      )
      expect(code).toBe('capture.canary-late')
      follower.child.kill('SIGINT')
      expect(await follower.done).toMatchObject({ exit: 0 })

      const samples = parseMetrics(await readFile(metrics, 'utf8'))
      const values = Object.fromEntries(samples.map(({ name, value }) => [name, value]))
      expect((await stat(metrics)).mode & 0o444).toBe(0o444)
      expect(values).toMatchObject({ holdfast_follow_up: 0, holdfast_follow_gaps_total: 0 })
      expect(values['holdfast_canary_arrivals_total']).toBeGreaterThanOrEqual(2)
      expect(values['holdfast_canary_late']).toBe(1)
      expect(values['holdfast_follow_transactions_total']).toBeGreaterThanOrEqual(2)
      expect(values['holdfast_follow_known_timestamp_seconds']).toBeGreaterThan(1.7e9)
      expect(values['holdfast_source_retained_log_bytes']).toBeGreaterThanOrEqual(0)

      const left = await findingOf(traveller, 'following erp')
      expect(left).toMatchObject({ verdict: 'bad' })
      expect(left?.fix).toContain('holdfast follow erp --drop')
      const points = await traveller.holdfast('points', 'erp')
      expect(points.stderr).toContain('erp is followed: all of it is known up to')
      // A folder is no file.
      const exported = await traveller.holdfast('follow', 'erp', '--metrics-file', traveller.folder)
      expectFailure(exported, 2, 'app.metrics-unwritable')
    },
  )
})

async function findingOf(traveller: Traveller, check: string): Promise<Finding | undefined> {
  const { stdout } = await traveller.holdfast('doctor', '--json')
  const findings: Finding[] = JSON.parse(stdout)
  return findings.find((one) => one.check === check)
}
