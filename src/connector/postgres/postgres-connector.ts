import type { Connector } from '../connector.ts'
import { postgresCanaries } from './canary.ts'
import { PostgresSource } from './postgres-source.ts'
import { PostgresTarget } from './postgres-target.ts'

/** PostgreSQL, majors 13 to 18. */
export const postgresConnector: Connector = {
  kind: 'postgres',
  openSource: (options) => PostgresSource.open(options),
  openTarget: (options) => PostgresTarget.open(options),
  canaries: postgresCanaries,
}
