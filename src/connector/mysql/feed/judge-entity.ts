import type { DescribedEntity } from '#record/schema'
import { parseTableDefinition } from '../definition.ts'
import { quoteName, tableOf } from '../quote.ts'

/** Why an entity is left to scans, and what would change that. */
export type LeftToScans = {
  readonly found: string
  readonly means: string
  readonly remedy: readonly string[]
  readonly costs: string | null
}

const CASCADES = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT'])

/** Whether the log tells all that happens to the rows of a table. */
export function judgeEntity(described: DescribedEntity): LeftToScans | undefined {
  const table = quoteName(tableOf(described.entity))
  if (described.missingGrant !== null) {
    return {
      found: `${table} cannot be read`,
      means: 'What cannot be scanned is not followed either.',
      remedy: [described.missingGrant],
      costs: null,
    }
  }
  if (described.key === null) {
    return {
      found: `${table} has no key`,
      means: 'Equal rows cannot be told apart, so a change says nothing about which of them.',
      remedy: [`ALTER TABLE ${table} ADD PRIMARY KEY (...);`],
      costs: 'The table is rewritten.',
    }
  }
  const { foreignKeys, items, options } = parseTableDefinition(described.definition)
  const cascading = foreignKeys.find(
    ({ onDelete, onUpdate }) => CASCADES.has(onDelete) || CASCADES.has(onUpdate),
  )
  if (cascading !== undefined) {
    const { name, onDelete, onUpdate } = cascading
    return {
      found: `the foreign key ${quoteName(name)} of ${table} is ON DELETE ${onDelete} ON UPDATE ${onUpdate}`,
      means: 'The server never writes to its log what such a key changes in the table.',
      remedy: [
        `ALTER TABLE ${table} DROP FOREIGN KEY ${quoteName(name)};`,
        'Add it again with RESTRICT, and let the application delete the rows itself',
      ],
      costs: 'The application has to be changed; scans see these rows all the same.',
    }
  }
  const isVersioned =
    /\bWITH SYSTEM VERSIONING\b/.test(options) || items.some((item) => ROW_START.test(item))
  if (!isVersioned) return undefined
  return {
    found: `${table} is system-versioned`,
    means: 'The log mixes the rows of its history with those of now.',
    remedy: [],
    costs: null,
  }
}

const ROW_START = / GENERATED ALWAYS AS ROW (?:START|END)/
