/**
 * Writes random transactions into a database, as an application would, and keeps an account of its
 * own of every transaction that was committed. Shares no code with Holdfast: a feed is proved
 * against what this program says it did.
 *
 *     node test/load/write-load.mjs KIND URL ACCOUNT SEED WRITERS TRANSACTIONS [PER_SECOND]
 *
 * Needs the tables that `write-load.mjs KIND --tables` prints. TRANSACTIONS is how many each writer
 * writes, or for how long: `90s`; PER_SECOND how many at most. Each run on the same tables takes a
 * seed of its own. SIGTERM ends it after the transactions that are open.
 *
 * Every transaction that is in the account leaves a row in `ledger`, under its stamp; the account
 * has one line for each:
 * `{"stamp":"2.17","inserts":3,"updates":1,"deletes":1,"amount":"1234","left":{...}}`: rows of the
 * other tables, and the sum of `amount` over the rows inserted and updated. A row whose key moves is
 * deleted and inserted. `left` is what it was at its end of the records it touched: how many are
 * there (`puts`), with which sum (`amount`), and how many are not (`gone`). TRUNCATE is a
 * transaction without a line.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const DIALECTS = {
  postgres: {
    tables: `
      CREATE TABLE account (id INT PRIMARY KEY, name VARCHAR(100), amount BIGINT NOT NULL, note TEXT);
      ALTER TABLE account ALTER note SET STORAGE EXTERNAL;
      CREATE TABLE movement (a INT, b VARCHAR(20), amount BIGINT NOT NULL, said TEXT, PRIMARY KEY (a, b));
      ALTER TABLE movement ALTER said SET STORAGE EXTERNAL;
      ALTER TABLE movement REPLICA IDENTITY FULL;
      CREATE TABLE parcel (id INT, depot INT, amount BIGINT NOT NULL, note TEXT, PRIMARY KEY (id, depot))
        PARTITION BY LIST (depot);
      ALTER TABLE parcel ALTER note SET STORAGE EXTERNAL;
      CREATE TABLE parcel_0 PARTITION OF parcel FOR VALUES IN (0);
      CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES IN (1, 2);
      CREATE TABLE scratch (id INT PRIMARY KEY, amount BIGINT NOT NULL);
      CREATE TABLE ledger (stamp VARCHAR(40) PRIMARY KEY, amount BIGINT NOT NULL);`,
    begin: 'BEGIN',
    orUpdate: (key) => `ON CONFLICT (${key}) DO UPDATE SET amount = EXCLUDED.amount`,
    text: (length) => `repeat(md5(random()::text), ${Math.ceil(length / 32)})`,
    async connect(url) {
      const { default: pg } = await import('pg')
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      // Writers meet often, and a second for each time is most of the run.
      await client.query("SET deadlock_timeout = '10ms'")
      return {
        run: async (sql) => (await client.query(sql)).rowCount ?? 0,
        read: async (sql) => (await client.query({ text: sql, rowMode: 'array' })).rows,
        end: () => client.end(),
      }
    },
  },
  mariadb: {
    tables: `
      CREATE TABLE account (id INT PRIMARY KEY, name VARCHAR(100), amount BIGINT NOT NULL, note LONGTEXT);
      CREATE TABLE movement (a INT, b VARCHAR(20), amount BIGINT NOT NULL, said LONGTEXT, PRIMARY KEY (a, b));
      CREATE TABLE parcel (id INT, depot INT, amount BIGINT NOT NULL, note LONGTEXT, PRIMARY KEY (id, depot))
        PARTITION BY LIST (depot) (PARTITION p0 VALUES IN (0), PARTITION p1 VALUES IN (1, 2));
      CREATE TABLE scratch (id INT PRIMARY KEY, amount BIGINT NOT NULL);
      CREATE TABLE ledger (stamp VARCHAR(40) PRIMARY KEY, amount BIGINT NOT NULL);`,
    begin: 'BEGIN',
    orUpdate: () => 'ON DUPLICATE KEY UPDATE amount = VALUES(amount)',
    text: (length) => `repeat(md5(rand()), ${Math.ceil(length / 32)})`,
    async connect(url) {
      const { default: mysql } = await import('mysql2/promise')
      const connection = await mysql.createConnection({
        uri: url.replace(/^mariadb:/, 'mysql:'),
        charset: 'utf8mb4',
        rowsAsArray: true,
        // Rows that are changed, not rows that are found.
        flags: ['-FOUND_ROWS'],
      })
      connection.on('error', () => {})
      await connection.query(`SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES',
        tx_isolation = 'READ-COMMITTED', lock_wait_timeout = 3, innodb_lock_wait_timeout = 1`)
      return {
        run: async (sql) => (await connection.query(sql))[0].affectedRows ?? 0,
        read: async (sql) => (await connection.query(sql))[0],
        end: () => connection.end(),
      }
    },
  },
}

const [, , kind, url, account, seed, writers, transactions, perSecond = 'Infinity'] = process.argv
const dialect = DIALECTS[kind]
let isStopping = false
const stop = () => {
  isStopping = true
}
process.on('SIGTERM', stop)
const [, seconds] = /^([0-9]+)s$/.exec(transactions ?? '') ?? []
const countMax = seconds === undefined ? Number(transactions) : Number.POSITIVE_INFINITY
if (seconds !== undefined) setTimeout(stop, 1000 * Number(seconds)).unref()
if (url === '--tables') process.stdout.write(dialect.tables)
else {
  await Promise.all(Array.from({ length: Number(writers) }, (_, i) => write(i, countMax)))
}

/** A small generator of pseudo-random numbers below 1 (mulberry32). */
function makeChance(start) {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function write(writer, count) {
  const chance = makeChance(Number(seed) * 1000 + writer)
  const below = (n) => Math.floor(chance() * n)
  const startedAtMs = Date.now()
  let db = await connect()
  for (let n = 0; n < count && !isStopping; n++) {
    const earlyMs = startedAtMs + (1000 * n) / Number(perSecond) - Date.now()
    if (earlyMs > 0) await sleep(earlyMs)
    const stamp = `${seed}.${writer}.${n}`
    const tally = { stamp, inserts: 0, updates: 0, deletes: 0, amount: 0n, left: new Map() }
    let isCommitting = false
    try {
      if (chance() < 0.004) {
        await db.run('TRUNCATE TABLE scratch')
        continue
      }
      await db.run(dialect.begin)
      const steps = chance() < 0.05 ? 60 : 1 + below(6)
      for (let i = 0; i < steps; i++) await step(db, tally, { below, chance, writer })
      await db.run(`INSERT INTO ledger VALUES ('${stamp}', ${tally.amount})`)
      if (chance() < 0.15) {
        await db.run('ROLLBACK')
        continue
      }
      isCommitting = true
      await db.run('COMMIT')
      record(tally)
    } catch {
      // A deadlock or a key that another writer took: nothing of it is there.
      if (await mayRollBack(db)) continue
      const asked = await askLedger(stamp)
      db = asked.db
      // The answer was lost with the connection: the ledger knows.
      if (isCommitting && asked.isDone) record(tally)
    }
  }
  await db.end()
}

function record(tally) {
  const amounts = [...tally.left.values()].filter((amount) => amount !== null)
  const left = {
    puts: amounts.length,
    gone: tally.left.size - amounts.length,
    amount: String(amounts.reduce((sum, amount) => sum + amount, 0)),
  }
  const line = JSON.stringify({ ...tally, amount: String(tally.amount), left })
  appendFileSync(account, `${line}\n`)
}

async function step(db, tally, { below, chance, writer }) {
  const id = below(200)
  const amount = 1 + below(100_000)
  /** @param key the one record that it writes, by table and key */
  const put = async (kind, key, sql) => {
    const found = await db.run(sql)
    tally[kind] += found
    tally.amount += BigInt(found * amount)
    if (found > 0) tally.left.set(key, amount)
    return found
  }
  const remove = async (key, sql) => {
    const found = await db.run(sql)
    tally.deletes += found
    if (found > 0) tally.left.set(key, null)
  }
  /** A record gets another key. */
  const move = async (from, to, sql) => {
    const found = await put('inserts', to, sql)
    tally.deletes += found
    if (found > 0) tally.left.set(from, null)
  }
  const note = () =>
    chance() < 0.3 ? dialect.text(3000 + below(4000)) : chance() < 0.5 ? 'NULL' : "''"
  /** Keys that no other writer inserts, moves or deletes. */
  const own = 1000 * (writer + 1) + below(500)
  const pick = chance()
  if (pick < 0.2) {
    const name = `'tab\there ${below(1000)} Müller 🚢'`
    await db.run('SAVEPOINT s')
    await remove(`account ${own}`, `DELETE FROM account WHERE id = ${own}`)
    await put(
      'inserts',
      `account ${own}`,
      `INSERT INTO account VALUES (${own}, ${name}, ${amount}, ${note()})`,
    )
  } else if (pick < 0.3) {
    // Whether there is a row already is known only by who holds it.
    const [row] = await db.read(`SELECT amount FROM account WHERE id = ${own} FOR UPDATE`)
    if (row !== undefined && Number(row[0]) === amount) return
    const orUpdate = dialect.orUpdate('id')
    await db.run(`INSERT INTO account VALUES (${own}, 'or', ${amount}, ${note()}) ${orUpdate}`)
    tally[row === undefined ? 'inserts' : 'updates'] += 1
    tally.amount += BigInt(amount)
    tally.left.set(`account ${own}`, amount)
  } else if (pick < 0.45) {
    const any = 1000 + below(4500)
    const where = `id = ${any} AND amount <> ${amount}`
    await put('updates', `account ${any}`, `UPDATE account SET amount = ${amount} WHERE ${where}`)
  } else if (pick < 0.55) {
    const where = `a = ${id} AND b = 'k' AND amount <> ${amount}`
    await put('updates', `movement ${id}`, `UPDATE movement SET amount = ${amount} WHERE ${where}`)
  } else if (pick < 0.65) {
    // The key moves, and a large field stays as it is.
    const to = 100_000 + 1000 * writer + below(900)
    const taken = await db.read(`SELECT count(*) FROM account WHERE id = ${to}`)
    if (Number(taken[0][0]) > 0) return
    const sql = `UPDATE account SET id = ${to}, amount = ${amount} WHERE id = ${own}`
    await move(`account ${own}`, `account ${to}`, sql)
  } else if (pick < 0.72) {
    const moved = 100_000 + 1000 * writer + below(900)
    await remove(`account ${moved}`, `DELETE FROM account WHERE id = ${moved}`)
  } else if (pick < 0.82) {
    await remove(`movement ${id}`, `DELETE FROM movement WHERE a = ${id} AND b = 'k'`)
    const said = chance() < 0.3 ? dialect.text(3000) : "'back\\\\slash'"
    const sql = `INSERT INTO movement VALUES (${id}, 'k', ${amount}, ${said})`
    await put('inserts', `movement ${id}`, sql)
  } else if (pick < 0.92) {
    await stepParcel({ db, move, put, remove }, { amount, depot: below(3), note, own })
  } else if (pick < 0.95) {
    await db.run('SAVEPOINT undone')
    await db.run(`INSERT INTO movement VALUES (${id}, 'undone', 1, NULL)`)
    await db.run('ROLLBACK TO SAVEPOINT undone')
  } else {
    const at = 10 * below(100_000_000) + writer
    await put('inserts', `scratch ${at}`, `INSERT INTO scratch VALUES (${at}, ${amount})`)
  }
}

/** A row of a table of several parts is made, goes into another part or stays, or is removed. */
async function stepParcel({ db, move, put, remove }, { amount, depot, note, own }) {
  const [row] = await db.read(`SELECT depot, amount FROM parcel WHERE id = ${own} FOR UPDATE`)
  const [from, to] = [`parcel ${own} ${row?.[0]}`, `parcel ${own} ${depot}`]
  if (row === undefined) {
    await put('inserts', to, `INSERT INTO parcel VALUES (${own}, ${depot}, ${amount}, ${note()})`)
  } else if (own % 7 === 0) await remove(from, `DELETE FROM parcel WHERE id = ${own}`)
  else if (Number(row[0]) === depot) {
    const where = `id = ${own} AND amount <> ${amount}`
    await put('updates', to, `UPDATE parcel SET amount = ${amount} WHERE ${where}`)
  } else {
    const sql = `UPDATE parcel SET depot = ${depot}, amount = ${amount} WHERE id = ${own}`
    await move(from, to, sql)
  }
}

async function mayRollBack(db) {
  try {
    await db.run('ROLLBACK')
    return true
  } catch {
    return false
  }
}

/** Connects anew, to a server that may still be starting, and says whether the stamp is there. */
async function askLedger(stamp) {
  for (;;) {
    const db = await connect()
    try {
      const [[found]] = await db.read(`SELECT count(*) FROM ledger WHERE stamp = '${stamp}'`)
      return { db, isDone: Number(found) === 1 }
    } catch {
      await sleep(100)
    }
  }
}

/** Waits for a server that is being started again. */
async function connect() {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dialect.connect(url)
    } catch (error) {
      if (attempt >= 300) throw error
      await sleep(100)
    }
  }
}
