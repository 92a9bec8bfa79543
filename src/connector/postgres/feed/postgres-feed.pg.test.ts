import { describePostgres } from '#test/servers/fresh-database'
import { testFeed } from '../../testing/feed-contract.ts'
import { feedHarness } from '../testing/feed-system.ts'

describePostgres('feed', (major) => {
  testFeed(`postgres ${major}`, feedHarness(major))
})
