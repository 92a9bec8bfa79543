import { Secret } from '#stdx/secret'
import { describePostgres, freshDatabase } from '#test/servers/fresh-database'
import { testConnector } from '../testing/connector-contract.ts'
import type { ContractSystem } from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'
import { postgresTriggers } from './testing/triggers.ts'

async function freshSystem(major: number): Promise<ContractSystem> {
  const database = await freshDatabase(major)
  await database.query("set lock_timeout = '3s'")
  return {
    address: new Secret(database.url),
    async exec(sql) {
      await database.query(sql)
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

async function denyReading(system: ContractSystem, table: string): Promise<Secret> {
  const url = new URL(system.address.reveal())
  const role = `reader_of_${url.pathname.slice(1)}`
  await system.exec(`create role ${role} login password 'reads';
    grant select on all tables in schema public to ${role}; revoke select on ${table} from ${role}`)
  url.username = role
  url.password = 'reads'
  return new Secret(url.href)
}

describePostgres('connector', (major) => {
  testConnector(`postgres ${major}`, {
    connector: postgresConnector,
    schema: 'public',
    freshSystem: () => freshSystem(major),
    nowhere: new Secret('postgres://nobody@127.0.0.1:1/nothing'),
    repeat: (text, count) => `repeat('${text}', ${count})`,
    binary: {
      type: 'bytea',
      value: (count) =>
        `substring(decode(repeat('00ff5c', ${Math.ceil(count / 3)}), 'hex') for ${count})`,
    },
    cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER);
      CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));
      ALTER TABLE first ADD FOREIGN KEY (other) REFERENCES second (id);`,
    denyReading,
    triggers: postgresTriggers,
  })
})
