import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Canaries, CanaryRow, CanarySetup } from '../canary.ts'
import { canaryMissing } from '../canary-missing.ts'
import type { ConnectorOptions } from '../connector.ts'
import { parseAddress } from './address.ts'
import { connect } from './connect.ts'
import { quoteUser } from './grants.ts'
import { isConnectionLost, readServerError, withoutValues } from './mysql-error.ts'
import { quoteName, quoteText, tableOf } from './quote.ts'

export const mysqlCanaries: Canaries = { open, statements }

async function open({ address, signal }: ConnectorOptions, table: EntityName): Promise<CanaryRow> {
  const session = await connect(parseAddress(address.reveal()), signal)
  return {
    async write(mark, forSignal) {
      assert(/^[a-z0-9]+$/.test(mark), 'A mark is letters and digits.')
      const sql = `UPDATE ${quoteName(tableOf(table))} SET mark = ${quoteText(mark)},
        beaten_at = UTC_TIMESTAMP(6) WHERE id = 1`
      const count = await session.change(sql, forSignal).catch((error: unknown) => {
        const said = readServerError(error)
        if (said === undefined || isConnectionLost(error)) throw lost(table, error)
        throw canaryMissing(table, `error ${said.errno}`, withoutValues(error))
      })
      if (count !== 1) throw canaryMissing(table, `${count} rows with id 1`)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

function lost(table: EntityName, error: unknown): unknown {
  if (error instanceof AppError || !isConnectionLost(error)) return error
  const message = `Cannot update the canary ${table}: the connection was lost`
  return new AppError('connector.unreachable', message, {}, { cause: withoutValues(error) })
}

function statements({ reader, table, writer }: CanarySetup): string[] {
  const own = parseAddress(writer.reveal())
  const name = `${quoteName(own.database)}.${quoteName(tableOf(table))}`
  const reads = parseAddress(reader.reveal()).user
  return [
    `CREATE TABLE ${name} (id INT PRIMARY KEY, mark VARCHAR(64) NOT NULL, beaten_at DATETIME(6)) ENGINE = InnoDB;`,
    `INSERT INTO ${name} VALUES (1, '', UTC_TIMESTAMP(6));`,
    `GRANT SELECT, UPDATE ON ${name} TO ${quoteUser(own.user)};`,
    `GRANT SELECT, SHOW VIEW ON ${name} TO ${quoteUser(reads)};`,
  ]
}
