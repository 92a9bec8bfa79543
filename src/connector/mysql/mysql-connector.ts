import type { Connector } from '../connector.ts'
import { mysqlCanaries } from './canary.ts'
import { MysqlSource } from './mysql-source.ts'
import { MysqlTarget } from './mysql-target.ts'

/** MariaDB from 10.6 on; MySQL from 8.0 on speaks the same, which was never tried on a real server. */
export const mysqlConnector: Connector = {
  kind: 'mariadb',
  openSource: (options) => MysqlSource.open(options),
  openTarget: (options) => MysqlTarget.open(options),
  canaries: mysqlCanaries,
}
