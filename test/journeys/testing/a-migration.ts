import { writeFile } from 'node:fs/promises'
import { test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { change } from './example-database.ts'
import { aTraveller, type Traveller } from './traveller.ts'

/** A system that a migration is from or to, and how it comes to hold what it holds. */
type Filled = {
  readonly settings: string
  fill(traveller: Traveller): unknown
}

type Migration = { readonly old: Filled; readonly new: Filled; readonly mapping: string }

/** The SQLite file of this name in the traveller's folder. */
export function inFile(name: string, sql: string): Filled {
  return {
    settings: `{ connector: sqlite, file: ./${name} }`,
    fill: ({ at }) => change(at(name), sql),
  }
}

export function inPostgres({ query, url }: FreshDatabase, sql: string): Filled {
  return { settings: `{ connector: postgres, url: '${url}' }`, fill: () => query(sql) }
}

export function inMariadb({ query, url }: FreshMariadb, sql: string): Filled {
  return { settings: `{ connector: mariadb, url: '${url}' }`, fill: () => query(sql) }
}

/** A traveller whose source `old` is backed up as `old@1`, with `m.yaml` to map it to the target `new`. */
export async function aMigration({ mapping, old, new: there }: Migration): Promise<Traveller> {
  const traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  await old.fill(traveller)
  await there.fill(traveller)
  await configure(`sources: { old: ${old.settings} }\ntargets: { new: ${there.settings} }\n`)
  await writeFile(at('m.yaml'), mapping)
  await holdfast('init')
  await summary('backup')
  return traveller
}

/** Declares a test that needs the newest PostgreSQL and a MariaDB, an empty database of each. */
export function testWithBoth(
  title: string,
  journey: (postgres: FreshDatabase, mariadb: FreshMariadb) => Promise<void>,
): void {
  describePostgres('from', (major) => {
    if (major !== newestMajor()) return
    describeMariadb('to MariaDB', () => {
      test(title, async () => {
        await using postgres = await freshDatabase(major)
        await using mariadb = await freshMariadb()
        await journey(postgres, mariadb)
      })
    })
  })
}
