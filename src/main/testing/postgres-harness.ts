import { postgresConnector } from '#connector/postgres/postgres-connector'
import { postgresTriggers } from '#connector/postgres/testing/triggers'
import type { ConnectorHarness } from '#connector/testing/contract-system'
import { Secret } from '#stdx/secret'
import { freshDatabase } from '#test/servers/fresh-database'

/** Databases of the servers of one major. */
export function postgresHarness(major: number): ConnectorHarness {
  return {
    connector: postgresConnector,
    schema: 'public',
    async freshSystem() {
      const database = await freshDatabase(major)
      await database.query("set lock_timeout = '3s'")
      return {
        address: new Secret(database.url),
        exec: async (sql) => {
          await database.query(sql)
        },
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      }
    },
    nowhere: new Secret('postgres://nobody@127.0.0.1:1/nothing'),
    repeat: (text, count) => `repeat('${text}', ${count})`,
    binary: { type: 'bytea', value: (count) => `decode(repeat('00', ${count}), 'hex')` },
    cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER);
      CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));
      ALTER TABLE first ADD FOREIGN KEY (other) REFERENCES second (id);`,
    triggers: postgresTriggers,
  }
}
