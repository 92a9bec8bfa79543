import { mariadbHarness } from '#connector/testing/mariadb-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testMinting } from './testing/minting-contract.ts'
import { testMoving } from './testing/moving-contract.ts'

describeMariadb('minting', () => {
  testMinting('mariadb', mariadbHarness)
  testMoving('mariadb', mariadbHarness)
})
