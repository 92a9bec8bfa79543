import mysql from 'mysql2/promise'
import { Secret } from '#stdx/secret'
import { freshMariadb } from '#test/servers/fresh-mariadb'
import { mysqlConnector } from '../mysql/mysql-connector.ts'
import type { ConnectorHarness, ContractSystem } from './contract-system.ts'

export async function freshMariadbSystem(): Promise<ContractSystem> {
  const database = await freshMariadb()
  return {
    address: new Secret(database.url),
    async exec(sql) {
      await database.query(sql)
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** A user with a right to see every table, and to read all but one. */
async function denyReading(system: ContractSystem, table: string): Promise<Secret> {
  const url = new URL(system.address.reveal())
  const database = url.pathname.slice(1)
  const user = `reader_of_${database}`
  await system.exec(`CREATE USER ${user} IDENTIFIED BY 'reads';
    GRANT SHOW VIEW ON ${database}.* TO ${user}`)
  const others = ['open', 'customer'].filter((other) => other !== table)
  for (const other of others) {
    await system.exec(`GRANT SELECT ON ${database}.${other} TO ${user}`).catch(() => {})
  }
  url.username = user
  url.password = 'reads'
  return new Secret(url.href)
}

export const mariadbHarness: ConnectorHarness = {
  connector: mysqlConnector,
  schema: '',
  freshSystem: freshMariadbSystem,
  nowhere: new Secret('mariadb://nobody@127.0.0.1:1/nothing'),
  numbered: 'INTEGER PRIMARY KEY AUTO_INCREMENT',
  repeat: (text, count) => `repeat('${text}', ${count})`,
  text: { key: 'VARCHAR(100)', long: 'LONGTEXT' },
  fieldsMax: 400,
  hasPartialIndexes: false,
  binary: {
    type: 'LONGBLOB',
    value: (count) => `left(repeat(unhex('00ff5c'), ${Math.ceil(count / 3)}), ${count})`,
  },
  cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER);
    CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));
    ALTER TABLE first ADD FOREIGN KEY (other) REFERENCES second (id);`,
  unchecked: (sql) => `SET foreign_key_checks = 0; ${sql}; SET foreign_key_checks = 1`,
  denyReading,
  triggers: {
    makeSql: (name, table, op) => [
      `CREATE TRIGGER "${name}" AFTER ${op} ON ${table} FOR EACH ROW INSERT INTO log VALUES ('${op}')`,
    ],
    async read(address) {
      const uri = address.reveal().replace(/^mariadb:/, 'mysql:')
      const connection = await mysql.createConnection({ uri, dateStrings: true })
      try {
        const [rows] = await connection.query(`SELECT * FROM information_schema.TRIGGERS
          WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY TRIGGER_NAME`)
        return Array.isArray(rows) ? rows : []
      } finally {
        connection.destroy()
      }
    },
    state: 'runs',
    module: { name: 'mysqlConnector', path: '../mysql/mysql-connector.ts' },
  },
}
