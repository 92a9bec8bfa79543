import { AppError } from '#stdx/app-error'
import type { Connector } from '../connector.ts'
import { PostgresSource } from './postgres-source.ts'

/** PostgreSQL, majors 13 to 18. */
export const postgresConnector: Connector = {
  kind: 'postgres',
  openSource: (options) => PostgresSource.open(options),
  openTarget() {
    const message = 'Cannot open a PostgreSQL database as a target: it can only be read so far'
    return Promise.reject(new AppError('connector.read-only', message))
  },
}
