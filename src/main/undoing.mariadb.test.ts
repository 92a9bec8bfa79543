import { mariadbHarness } from '#connector/testing/mariadb-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testUndoing } from './testing/undoing-contract.ts'
import { testUndoingRestores } from './testing/undoing-restores-contract.ts'

describeMariadb('undoing', () => {
  testUndoing('mariadb', mariadbHarness)
  testUndoingRestores('mariadb', mariadbHarness)
})
