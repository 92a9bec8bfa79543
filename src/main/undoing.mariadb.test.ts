import { mariadbHarness } from '#connector/testing/mariadb-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { testUndoing } from './testing/undoing-contract.ts'

describeMariadb('undoing', () => testUndoing('mariadb', mariadbHarness))
