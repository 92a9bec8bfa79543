import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testFeed } from '../../testing/feed-contract.ts'
import { mariadbFeedHarness } from '../testing/feed-system.ts'

describeMariadb('feed', () => {
  testFeed('mariadb', mariadbFeedHarness)
})
