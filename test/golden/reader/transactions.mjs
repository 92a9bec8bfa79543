/** Which transactions lie in a point, and what it held behind them: docs/format/transactions.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { hkdf, need, open } from './basics.mjs'
import { isSame } from './data-keys.mjs'

const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/
const COUNTS = ['inserted', 'updated', 'deleted']

/** In the order of commits; `changes` are lists of four numbers. */
export function readTransactions(vault, source, { body }) {
  const told = body.follow?.transactions ?? null
  if (told === null) return []
  const all = told.list ?? readTable(vault, `${source}/${body.session}`, told.table)
  need(all.length === told.count, `${told.count} transactions are due.`)
  const changes = all.flatMap((one) => one.changes)
  const sums = (of) => COUNTS.map((_, i) => of.reduce((sum, change) => sum + change[i + 1], 0))
  const isTold = (said, of) => COUNTS.every((name, i) => said[name] === sums(of)[i])
  need(isTold(told, changes), 'An entry counts other rows than its transactions.')
  need(
    changes.every(([index]) => body.entities[index] !== undefined),
    'A transaction changed an entity that is not listed.',
  )
  for (const [index, one] of body.entities.entries()) {
    const own = changes.filter(([of]) => of === index)
    need(isTold(one, own), `${one.entity} counts other rows than its transactions.`)
  }
  need(
    all.every(({ time }) => TIME.test(time)),
    'A transaction has no time.',
  )
  const times = all.map(({ time }) => Date.parse(time))
  need(
    all.length === 0 || Date.parse(told.earliest) === Math.min(...times),
    'Another transaction is the earliest.',
  )
  return all
}

function readTable(vault, folder, table) {
  const bytes = readFileSync(join(vault.folder, table.name))
  need(isSame(bytes, table), `${table.name} is not what was committed.`)
  const isTable = bytes.toString('latin1', 0, 4) === 'HFTT' && bytes[4] === 1 && bytes[5] === 0
  need(isTable, `${table.name} is of another format.`)
  const key = hkdf(vault.logKey, bytes.subarray(6, 38), 'holdfast log 1', 32)
  const aad = Buffer.from(`holdfast transactions 1 0\n${vault.id}/${folder}`)
  const frame = open(key, Buffer.alloc(12), aad, bytes.subarray(38))
  need(frame !== undefined, `${table.name} is not authentic.`)
  const content = zstdDecompressSync(frame, { maxOutputLength: 256 << 20 })
  const { changes, entity, ...counts } = JSON.parse(content)
  const transaction = readTexts(counts.transaction)
  const [time, position] = [readTexts(counts.time), readTexts(counts.position)]
  need(
    [time, position, changes].every(({ length }) => length === transaction.length),
    `Columns of ${table.name} have other lengths.`,
  )
  const columns = [entity, ...COUNTS.map((name) => counts[name])]
  let at = 0
  const all = transaction.map((id, i) => {
    const own = Array.from({ length: changes[i] }, () => {
      const change = columns.map((column) => column[at])
      at += 1
      return change
    })
    return { transaction: id, time: time[i], position: position[i], changes: own }
  })
  need(
    columns.every(({ length }) => length === at),
    `Changes of ${table.name} belong to nobody.`,
  )
  return all
}

/** A list of texts, or what gives them. */
function readTexts(texts) {
  if (Array.isArray(texts)) return texts
  const { after, before, first, form, steps } = texts
  let number = first
  const write = () => `${before}${WRITTEN_AS[form](number)}${after}`
  return [
    write(),
    ...steps.map((step) => {
      number += step
      need(Number.isSafeInteger(number) && number >= 0, 'A number is out of bounds.')
      return write()
    }),
  ]
}

const WRITTEN_AS = {
  decimal: String,
  hex: (number) => number.toString(16).toUpperCase(),
  time(number) {
    const ms = new Date(Math.floor(number / 1000)).toISOString().slice(0, -1)
    return `${ms}${String(number % 1000).padStart(3, '0')}Z`
  },
}

/** Facts of all entities after the first of a point's transactions. @param before those at its base */
export function entitiesAfter({ before, body }, transactions) {
  const changes = transactions.flatMap((one) => one.changes)
  return before.map((facts) => {
    const index = body.entities.findIndex(({ entity }) => entity === facts.entity)
    const own = changes.filter(([of]) => of === index)
    if (own.length === 0) return facts
    const rows = own.reduce((sum, [, inserted, , deleted]) => sum + inserted - deleted, facts.rows)
    return { ...body.entities[index], rows, fingerprint: null }
  })
}
