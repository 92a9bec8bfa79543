import pg from 'pg'
import { type Place, runHoldfast } from './place.ts'

const TABLES = ['account', 'ledger', 'movement', 'parcel', 'scratch']

/**
 * Holds what the vault's newest point exports against the rows that a plain client reads: sentences
 * about what is different. Nobody may write meanwhile.
 */
export async function compareDatabase(place: Place, url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const problems: string[] = []
    for (const table of TABLES) {
      const live = await readLive(client, table)
      const kept = await readKept(place, `public.${table}`)
      const differing = kept.filter((row) => !live.has(row)).length
      if (kept.length !== live.size || differing > 0) {
        problems.push(`${table}: ${kept.length} rows kept, ${live.size} live, ${differing} differ`)
      }
    }
    return problems
  } finally {
    await client.end()
  }
}

async function readLive(client: pg.Client, table: string): Promise<ReadonlySet<string>> {
  const found = await client.query({
    text: `select * from ${table}`,
    // As the server prints them.
    types: { getTypeParser: () => (value: string) => value },
  })
  return new Set(found.rows.map((row: Record<string, unknown>) => formatRow(row)))
}

async function readKept(place: Place, entity: string): Promise<readonly string[]> {
  return (await exportRows(place, 'latest', entity)).map(formatRow)
}

/** @param moment as an address has it behind its `@` */
export async function exportRows(
  place: Place,
  moment: string,
  entity: string,
): Promise<readonly Record<string, unknown>[]> {
  const argv = ['export', `${place.source}@${moment}`, entity, '--format', 'jsonl']
  const run = await runHoldfast(place, ...argv)
  if (run.exit !== 0) throw new Error(`Cannot export ${entity} at ${moment}: ${run.stderr}`)
  const lines = run.stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line))
}

function formatRow(row: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
