import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { Catalogue } from '#record/schema'
import { Secret } from '#stdx/secret'
import type { TargetWrite } from '../../connector.ts'
import {
  type ContractSystem,
  findEntity,
  optionsFor,
  readSystem,
  type Values,
} from '../../testing/contract-system.ts'
import { filesHarness } from '../../testing/files-system.ts'
import { filesConnector } from '../files-connector.ts'
import { type EntitySettings, type FilesSettings, NO_SETTINGS } from '../settings.ts'

export const never = new AbortController().signal

/** A folder of files that a test writes as it likes, and reads through the connector. */
export type AFolder = ContractSystem & {
  readonly folder: string
  put(name: string, content: string | Uint8Array): void
  get(name: string): Buffer
  catalogue(): Promise<Catalogue>
  /** The rows of an entity, as text. */
  rows(entity: string): Promise<readonly Values[]>
  remarks(entity: string): Promise<string>
  write(steps: (write: TargetWrite) => Promise<unknown>): Promise<void>
  /** Doubts about the folder as it is, after a capture that held `before`. */
  doubts(before: Catalogue, rows: number): Promise<string[]>
}

export function aFolder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  entities: Readonly<Record<string, EntitySettings>> = {},
): AFolder {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-folder-'))
  const address = new Secret(folder)
  const connector = connectorOf({ ...NO_SETTINGS, entities })
  const harness = { ...filesHarness, connector }
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  for (const [name, content] of Object.entries(files)) put(name, content)
  const catalogue = async () => {
    await using source = await connector.openSource(optionsFor(address))
    await using cut = await source.openCut(never)
    return await cut.readCatalogue(() => true)
  }
  return {
    address,
    folder,
    put,
    get: (name) => readFileSync(join(folder, name)),
    catalogue,
    async rows(entity) {
      const { rows } = await readSystem(harness, { address })
      return rows.get(entity as EntityName) ?? []
    },
    async remarks(entity) {
      return (findEntity(await catalogue(), entity).remarks ?? []).join('\n')
    },
    async write(steps) {
      await using target = await connector.openTarget(optionsFor(address))
      await using write = await target.openWrite(never)
      await steps(write)
      await write.commit()
    },
    async doubts(before, rows) {
      const held = before.entities.map((one) => ({
        schema: evolveSchema(undefined, one).schema,
        rows,
      }))
      await using source = await connector.openSource(optionsFor(address))
      await using cut = await source.openCut(never)
      const doubts = (await cut.findDoubts?.(held)) ?? []
      return doubts.map(({ entity, found }) => `${entity}: ${found}`)
    },
    async exec() {
      throw new Error('A folder knows no statements.')
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const connectorOf = (settings: FilesSettings) => filesConnector(settings)

/** Copies every entity of one folder into another one, as a restore of all does. */
export async function copyFolder(
  from: AFolder,
  to: AFolder,
  entities: Readonly<Record<string, EntitySettings>> = {},
): Promise<void> {
  const connector = connectorOf({ ...NO_SETTINGS, entities })
  await using source = await connector.openSource(optionsFor(from.address))
  await using cut = await source.openCut(never)
  const catalogue = await cut.readCatalogue(() => true)
  await to.write(async (write) => {
    for (const entity of catalogue.entities) {
      const { schema } = evolveSchema(undefined, entity)
      await write.createTables({ schemas: [schema], definition: null, sequences: {} })
      const fields = schema.fields.map(({ name }) => name)
      await write.insertRows(entity.entity, fields, cut.scan(entity, fields, never))
    }
  })
}
