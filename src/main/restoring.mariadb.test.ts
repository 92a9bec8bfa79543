import { mariadbHarness } from '#connector/testing/mariadb-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testRestoring } from './testing/restoring-contract.ts'

describeMariadb('restoring', () => {
  testRestoring('mariadb', mariadbHarness)
})
