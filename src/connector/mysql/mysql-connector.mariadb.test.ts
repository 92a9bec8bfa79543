import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testConnector } from '../testing/connector-contract.ts'
import { mariadbHarness } from '../testing/mariadb-system.ts'

describeMariadb('connector', () => {
  testConnector('mariadb', mariadbHarness)
})
