import { DatabaseSync } from 'node:sqlite'

/** Customers with addresses, a table without key, a name that needs quotes: small but not simple. */
export function createExample(path: string): void {
  using database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE customer (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, iban TEXT, terms TEXT DEFAULT '30d', photo BLOB,
      credit_limit NUMERIC
    );
    CREATE TABLE address (
      customer_id INTEGER NOT NULL REFERENCES customer (id), kind TEXT NOT NULL, city TEXT,
      PRIMARY KEY (customer_id, kind)
    ) WITHOUT ROWID;
    CREATE TABLE "Call Log" (at TEXT, said TEXT);
    CREATE UNIQUE INDEX customer_iban ON customer (iban);
  `)
  database.exec('BEGIN')
  const addCustomer = database.prepare('INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?)')
  const addAddress = database.prepare('INSERT INTO address VALUES (?, ?, ?)')
  for (let id = 1; id <= 500; id++) {
    const photo = id % 50 === 0 ? new Uint8Array([0, 255, id % 256]) : null
    addCustomer.run(id, `Müller ${id} "客户"\t\\`, `DE${id}`, id % 3 ? '30d' : null, photo, id * 10)
    addAddress.run(id, 'billing', id % 2 ? 'Berlin' : '')
  }
  const addCall = database.prepare('INSERT INTO "Call Log" VALUES (?, ?)')
  for (let i = 0; i < 4; i++) addCall.run('2026-06-30', i % 2 ? 'paid' : null)
  database.exec('COMMIT')
}

export function change(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}

/** Every row of every table with its storage classes, to compare two databases by. */
export function readAll(path: string): Record<string, unknown[]> {
  // Not for reading only: what a full disk left in the journal is settled by who may write.
  using database = new DatabaseSync(path)
  const tables = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .all()
    .map((row) => String(row['name']))
  return Object.fromEntries(
    tables.map((table) => {
      const columns = database
        .prepare(`SELECT name FROM pragma_table_info('${table}')`)
        .all()
        .map((row) => String(row['name']))
      const shown = columns.map((name) => `quote("${name}") || typeof("${name}")`)
      const sql = `SELECT ${shown.join(` || ',' || `)} AS row FROM "${table}" ORDER BY 1`
      return [
        table,
        database
          .prepare(sql)
          .all()
          .map((row) => row['row']),
      ]
    }),
  )
}
