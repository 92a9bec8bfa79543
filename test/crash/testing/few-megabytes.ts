import { DatabaseSync } from 'node:sqlite'

export const ROWS = 20_000

/** Some four megabytes: a table with a key, one that refers to it, one without a key. */
export function createFewMegabytes(path: string): void {
  using database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, iban TEXT, terms TEXT);
    CREATE TABLE address (customer_id INTEGER REFERENCES customer, kind TEXT, city TEXT,
      PRIMARY KEY (customer_id, kind)) WITHOUT ROWID;
    CREATE TABLE log (at TEXT, said TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO customer SELECT i, 'Müller ' || hex(randomblob(20)), 'DE' || i, '30d' FROM n;
    INSERT INTO address SELECT id, 'billing', hex(randomblob(15)) FROM customer;
    INSERT INTO log SELECT '2026-06-30', hex(randomblob(20)) FROM customer WHERE id % 4 = 0;
    INSERT INTO log SELECT '2026-06-30', 'the same' FROM customer WHERE id % 100 = 0;
  `)
}

/** A day of changes, another one every time. */
export function changeSome(path: string, day: number): void {
  using database = new DatabaseSync(path)
  const id = ROWS + day
  database.exec(`
    UPDATE customer SET iban = 'XX${day}-' || id WHERE id % 40 = ${day % 40};
    DELETE FROM address WHERE customer_id % 200 = ${day % 200};
    INSERT INTO customer VALUES (${id}, 'New ${day}', NULL, '');
    INSERT INTO log VALUES ('day ${day}', 'more'), ('day ${day}', 'more');
  `)
}

/** Every row of every table; also where a writer died and left its journal to be rolled back. */
export function readRows(path: string): Record<string, unknown[]> {
  using database = new DatabaseSync(path)
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  return Object.fromEntries(
    tables.map(({ name }) => {
      const statement = database.prepare(`SELECT * FROM "${name}"`)
      const rows = statement.all().map((row) => JSON.stringify(Object.values(row)))
      return [String(name), rows.sort()]
    }),
  )
}
