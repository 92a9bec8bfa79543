import { evolveSchema } from '#record/evolve-schema'
import { Secret } from '#stdx/secret'
import type { FreshDatabase } from '#test/servers/fresh-database'
import type { CreatePlan, LeftOut, TargetWrite } from '../../connector.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { postgresConnector } from '../postgres-connector.ts'

const never = new AbortController().signal

/** Does something in one write of a database, and commits it. */
export async function write<Result>(
  url: string,
  steps: (write: TargetWrite) => Promise<Result>,
): Promise<Result> {
  await using target = await postgresConnector.openTarget(optionsFor(new Secret(url)))
  await using opened = await target.openWrite(never)
  const result = await steps(opened)
  await opened.commit()
  return result
}

/** Copies some tables of a database, all unless told otherwise, and says what was left out. */
export async function copyTables(
  from: FreshDatabase,
  to: FreshDatabase,
  names?: readonly string[],
  change: Partial<CreatePlan> = {},
): Promise<readonly LeftOut[]> {
  await using source = await postgresConnector.openSource(optionsFor(new Secret(from.url)))
  await using cut = await source.openCut(never)
  const { entities, definition, sequences } = await cut.readCatalogue(() => true)
  const chosen = entities.filter(({ entity }) => names?.includes(entity) ?? true)
  const schemas = chosen.map((entity) => evolveSchema(undefined, entity).schema)
  const plan: CreatePlan = { schemas, definition, sequences, ...change }
  return await write(to.url, async (opened) => {
    const leftOut = [...(await opened.createTables(plan))]
    for (const entity of chosen) {
      const fields = entity.fields.map(({ name }) => name)
      await opened.insertRows(entity.entity, fields, cut.scan(entity, fields, never))
    }
    return [...leftOut, ...(await opened.finishTables(plan))]
  })
}
