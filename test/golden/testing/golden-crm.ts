import { DatabaseSync } from 'node:sqlite'

const CONTRACT = 'This contract is made between the parties named below.\n'
/** 97 KB and 1.6 MB of text that shrink to little: one section, and several. */
const [SHORT, LONG] = [CONTRACT.repeat(1_800), CONTRACT.repeat(30_000)]

/** Every kind of key that SQLite has, a table without one, large values that records share. */
export function createCrm(path: string): void {
  using database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, iban TEXT, terms TEXT);
    CREATE TABLE address (customer_id INTEGER NOT NULL REFERENCES customer (id), kind TEXT NOT NULL,
      city TEXT, PRIMARY KEY (customer_id, kind)) WITHOUT ROWID;
    CREATE TABLE code (code TEXT PRIMARY KEY NOT NULL, said TEXT) WITHOUT ROWID;
    CREATE TABLE token (token BLOB PRIMARY KEY NOT NULL, used INTEGER) WITHOUT ROWID;
    CREATE TABLE "Call Log" (at TEXT, said TEXT);
    CREATE TABLE document (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
    CREATE TABLE empty (id INTEGER PRIMARY KEY);
    CREATE TABLE gone (id INTEGER PRIMARY KEY, said TEXT);
    INSERT INTO gone VALUES (1, 'soon dropped');
    INSERT INTO code VALUES ('ä', 'umlaut'), ('Z', NULL), ('', 'empty'), ('a b', 'tab' || char(9));
    INSERT INTO token VALUES (x'00ff', 1), (x'0000', 0), (x'', NULL), (x'ff', 9007199254740993);
    INSERT INTO "Call Log" VALUES ('2026-06-30', 'paid'), ('2026-06-30', 'paid'), (NULL, NULL);
  `)
  const addCustomer = database.prepare('INSERT INTO customer VALUES (?, ?, ?, ?)')
  const addAddress = database.prepare('INSERT INTO address VALUES (?, ?, ?)')
  for (let id = -3; id <= 20; id++) {
    addCustomer.run(id, `Müller ${id} "客户"\t\\ \n\b\v`, `DE${id}`, id % 3 === 0 ? null : '30d')
    addAddress.run(id, 'billing', id % 2 === 0 ? 'Berlin' : '')
  }
  const addDocument = database.prepare('INSERT INTO document VALUES (?, ?, ?)')
  addDocument.run(1, 'short', SHORT)
  addDocument.run(2, 'the same', SHORT)
  addDocument.run(3, 'long', LONG)
  addDocument.run(4, 'none', null)
}

/** Every day of the life in one hand, in order. */
export const CRM_DAYS = ['first', 'shape', 1, 2, 3, 4, 5, 6, 7, 8, 'last'] as const

/** What happens on a day; a number is one of many alike. */
export function changeCrm(path: string, day: 'first' | 'shape' | 'last' | number): void {
  using database = new DatabaseSync(path)
  if (typeof day === 'number') {
    database.exec(`
      UPDATE customer SET iban = 'DE${day}-' || id WHERE id % 8 = ${day};
      INSERT INTO customer (id, name) VALUES (${1_000 + day}, 'Day ${day}');
      DELETE FROM customer WHERE id = ${1_000 + day - 3};
      INSERT INTO "Call Log" VALUES ('day ${day}', 'more'), ('day ${day}', 'more');
    `)
    return
  }
  database.exec(CHANGES[day])
}

const CHANGES = {
  first: `
    UPDATE customer SET terms = '60d' WHERE id IN (1, 2, 7);
    DELETE FROM address WHERE customer_id > 15;
    DELETE FROM "Call Log" WHERE rowid = 1;
    DELETE FROM document WHERE id = 1;
    INSERT INTO document SELECT 5, 'the same again', body FROM document WHERE id = 2;
    INSERT INTO empty VALUES (1);
  `,
  // A field more, a field less, a table recreated under another key, one dropped, one new.
  shape: `
    ALTER TABLE customer ADD COLUMN rating INTEGER DEFAULT 5;
    UPDATE customer SET rating = 9 WHERE id = 3;
    ALTER TABLE address DROP COLUMN city;
    DROP TABLE code;
    CREATE TABLE code (code TEXT, said TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
    INSERT INTO code VALUES ('a', 'one'), (NULL, 'two');
    DROP TABLE gone;
    CREATE TABLE fresh (id INTEGER PRIMARY KEY, at TEXT);
    INSERT INTO fresh VALUES (1, 'now');
  `,
  last: `
    DELETE FROM address WHERE customer_id < 0;
    DELETE FROM customer WHERE id < 0;
    UPDATE document SET title = 'renamed' WHERE id = 3;
    INSERT INTO fresh VALUES (2, 'later');
  `,
} as const
