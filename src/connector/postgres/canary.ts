import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import type { Canaries, CanaryRow, CanarySetup } from '../canary.ts'
import { canaryMissing } from '../canary-missing.ts'
import type { ConnectorOptions } from '../connector.ts'
import { parseAddress } from './address.ts'
import { connect } from './connect.ts'
import { isConnectionLost, readServerError, toLostError, withoutValues } from './pg-error.ts'
import { quoteEntity, quoteLiteral, quoteName, splitEntity } from './quote.ts'

export const postgresCanaries: Canaries = { open, statements }

async function open({ address, signal }: ConnectorOptions, table: EntityName): Promise<CanaryRow> {
  const session = await connect(parseAddress(address.reveal()), signal)
  return {
    async write(mark, forSignal) {
      assert(/^[a-z0-9]+$/.test(mark), 'A mark is letters and digits.')
      const sql = `update ${quoteEntity(table)} set mark = ${quoteLiteral(mark)},
        beaten_at = pg_catalog.clock_timestamp() where id = 1`
      const count = await session.change(sql, forSignal).catch((error: unknown) => {
        const said = readServerError(error)
        if (said === undefined || isConnectionLost(error)) {
          throw toLostError(error, `update the canary ${table}`)
        }
        throw canaryMissing(table, `SQLSTATE ${said.sqlState}`, withoutValues(error))
      })
      if (count !== 1) throw canaryMissing(table, `${count} rows with id 1`)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

function statements({ feed, reader, table, writer }: CanarySetup): string[] {
  const [schema] = splitEntity(table)
  const name = quoteEntity(table)
  const writes = quoteName(parseAddress(writer.reveal()).user)
  const reads = quoteName(parseAddress(reader.reveal()).user)
  return [
    `CREATE TABLE ${name} (id int PRIMARY KEY, mark text NOT NULL, beaten_at timestamptz);`,
    `INSERT INTO ${name} VALUES (1, '', now());`,
    `GRANT USAGE ON SCHEMA ${quoteName(schema)} TO ${writes};`,
    `GRANT SELECT, UPDATE ON ${name} TO ${writes};`,
    `GRANT SELECT ON ${name} TO ${reads};`,
    `ALTER PUBLICATION ${quoteName(feed)} ADD TABLE ONLY ${name};`,
  ]
}
