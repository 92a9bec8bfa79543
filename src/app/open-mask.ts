import { createHash, hkdfSync } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { CustomerMap } from '#customer/customer-map'
import { IDENTITY_FIELDS, LIKENESS_FIELDS } from '#customer/map-schema'
import { ROLES } from '#customer/roles'
import type { EntityAt } from '#history/entity-at'
import { openKeyed } from '#mask/keyed'
import {
  type EntityMasks,
  type FieldMask,
  type MappedFields,
  maskEntities,
  translationOf,
} from '#mask/mask-entities'
import { type Mask, parseMask } from '#mask/parse-mask'
import { type SearchedEntity, searchOriginals } from '#mask/search-originals'
import { isSameSystem, type SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import { translateRows } from '#record/translate-rows'
import type { CompareDeps } from '#restore/compare-target'
import type { PreparedRestore } from '#restore/prepared-restore'
import { countWrites } from '#restore/restore-plan'
import { isKeyMasked, type OtherRows, readStateRows, type WrittenEntity } from '#restore/row-mask'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { didYouMean } from '#stdx/did-you-mean'
import { readIfAny } from '#stdx/read-if-any'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { readMapText } from './read-map.ts'

/** Masks every target of one restore with one key: what is the same in two systems stays the same. */
export type OpenedMask = {
  /**
   * @param ats what is put back of one source
   * @throws mask.rules-unfit | app.mask-into-source
   */
  maskTarget(vault: Vault, asked: AskedMask, signal: AbortSignal): Promise<OtherRows>
  /** What has a say in what is written, for the hash of the plan. Tells neither rules nor key. */
  toJSON(): string
}

export type AskedMask = {
  readonly compare: CompareDeps
  readonly source: string
  readonly ats: readonly EntityAt[]
  /** Entities of which single records are put back, found by their keys. */
  readonly picked: ReadonlySet<EntityName>
  readonly target: { readonly name: string; readonly identity: SourceIdentity }
}

const KEY_CHARACTERS_MIN = 16
const KEY_BYTES = 32

/**
 * Reads a mask file and its key; without one, the key is of this run alone.
 * @throws app.mask-unreadable | mask.file-invalid | app.map-not-found | customer.map-invalid
 */
export async function openMask(
  deps: Pick<Context, 'configPath' | 'progress' | 'random'>,
  vault: Vault,
  { map: mapFile, path }: { readonly map: string | undefined; readonly path: string },
  signal: AbortSignal,
): Promise<OpenedMask> {
  const { progress, random } = deps
  const text = await readIfAny(path)
  if (text === undefined) throw unreadable(`mask file "${path}"`, 'no file there')
  const mask = parseMask(text, path)
  await refuseUnknownSources(vault, mask, signal)
  const isMapped = [mask.roles, mask.classes, mask.identity].some(({ size }) => size > 0)
  const map = isMapped ? await readMapText(deps, vault, mapFile, signal) : undefined
  const keyed = openKeyed(await readKey(path, mask, random))
  const originals: SearchedEntity[] = []
  const searchKey = random.bytes(KEY_BYTES)
  return {
    toJSON: () =>
      keyed(
        'mask',
        createHash('sha256')
          .update(text)
          .update(map?.text ?? '')
          .digest('hex'),
      ).toString('hex'),
    async maskTarget(vault, { ats, compare, picked, source, target }, signal) {
      await refuseSource(vault, target, signal)
      const schemas = ats.map(({ schema }) => schema)
      const mapped = map && { mapped: toMappedFields(map.map, source) }
      const masks = maskEntities({ keyed, mask, source, ...mapped }, schemas)
      for (const schema of schemas) if (picked.has(schema.entity)) refusePicked(schema, masks)
      const searched = (schema: SchemaVersion, rows: SearchedEntity['rows']) =>
        searchedEntity(source, masks, schema, rows)
      originals.push(
        ...ats.map((at) => searched(at.schema, () => readStateRows(compare, at, signal))),
      )
      return {
        rowsOf(at, signal) {
          const values = translationOf(masksOf(masks, at.schema.entity))
          if (values === null) return null
          const rows = translateRows(readStateRows(compare, at, signal), values)
          return { rows, isOrdered: !isKeyMasked(at.schema, values) }
        },
        async prove(entities: readonly WrittenEntity[]) {
          progress.begin({ label: 'Looking for original values' })
          const written = entities.map(({ rows, schema }) => searched(schema, rows))
          await searchOriginals({ originals, written, key: searchKey })
        },
      }
    },
  }
}

function toMappedFields({ entities }: CustomerMap, source: string): MappedFields {
  const own = new Map(
    entities.filter((one) => one.source === source).map((one) => [one.entity, one]),
  )
  const wordOf = (words: Iterable<readonly [string, unknown]>, field: string) =>
    [...words].find(([, fields]) => [fields].flat().includes(field))?.[0]
  return {
    roleOf: (entity) => own.get(entity)?.role,
    classOf: (entity, field) => wordOf(own.get(entity)?.classes ?? [], field),
    identityOf: (entity, field) => wordOf(Object.entries(own.get(entity)?.identity ?? {}), field),
    known: {
      roles: ROLES,
      classes: [...new Set(entities.flatMap(({ classes }) => [...classes.keys()]))],
      identity: [...IDENTITY_FIELDS, ...LIKENESS_FIELDS],
    },
  }
}

/**
 * Masked rows go where nothing is yet, or where the same was put before.
 * @throws app.mask-not-empty
 */
export function refuseFilled({ entities, plan }: PreparedRestore): void {
  const filled = entities.filter(({ targetRows }) => targetRows > 0)
  const isNothingToDo = plan.steps.every((step) => countWrites(step) === 0)
  if (filled.length === 0 || isNothingToDo) return
  const names = filled.map(({ step }) => step.entity).join(', ')
  const message = `Cannot restore masked into "${plan.target}": found rows in ${names}, need an empty target`
  throw new AppError('app.mask-not-empty', message, { target: plan.target })
}

function searchedEntity(
  source: string,
  masks: EntityMasks,
  schema: SchemaVersion,
  rows: SearchedEntity['rows'],
): SearchedEntity {
  const { entity } = schema
  const fields = scanFields(schema)
  return { name: `${source} ${entity}`, fields, masks: masksOf(masks, entity), rows }
}

/** An entity that nobody judged never gets out as it is. */
function masksOf(masks: EntityMasks, entity: EntityName): readonly FieldMask[] {
  const found = masks.get(entity)
  assert(found !== undefined, 'Every entity that is put back was masked.')
  return found
}

async function readKey(
  path: string,
  { keyFile }: Mask,
  random: Context['random'],
): Promise<Uint8Array> {
  if (keyFile === undefined) return random.bytes(KEY_BYTES)
  const secret = (await readIfAny(resolve(dirname(path), keyFile)))?.trim()
  if (secret === undefined) throw unreadable(`the key of the mask, "${keyFile}"`, 'no file there')
  if (secret.length < KEY_CHARACTERS_MIN) {
    const found = `${secret.length} characters, need at least ${KEY_CHARACTERS_MIN}`
    throw unreadable(`the key of the mask, "${keyFile}"`, found)
  }
  return new Uint8Array(hkdfSync('sha256', secret, '', 'holdfast mask/1', KEY_BYTES))
}

/** Records are picked by the keys that they have at the point. */
function refusePicked(schema: SchemaVersion, masks: EntityMasks): void {
  const values = translationOf(masksOf(masks, schema.entity))
  if (values === null || !isKeyMasked(schema, values)) return
  const message = `Cannot mask single records of "${schema.entity}": its key is masked, need the entity whole`
  throw new AppError('mask.rules-unfit', message, { entity: schema.entity })
}

/** Rules for a source that is misspelt would mask nothing. */
async function refuseUnknownSources(vault: Vault, mask: Mask, signal: AbortSignal): Promise<void> {
  const known = await vault.listSources(signal)
  const unknown = [...mask.sources.keys()].filter((name) => !known.includes(name))
  const [first] = unknown
  if (first === undefined) return
  const found = `the vault has no source "${first}"${didYouMean(first, known)}`
  const message = `Cannot mask by "${mask.label}": ${found}`
  throw new AppError('mask.rules-unfit', message, { unknown, known })
}

/** Whatever its name is: what is masked never gets among what is real. */
async function refuseSource(
  vault: Vault,
  { identity, name }: AskedMask['target'],
  signal: AbortSignal,
): Promise<void> {
  for (const source of await vault.listSources(signal)) {
    const { points } = await vault.readTimeline(source, signal)
    const newest = points.at(-1)
    if (newest === undefined || !isSameSystem(newest.cut.identity, identity)) continue
    const message = `Cannot restore masked into "${name}": it is the system of source "${source}"`
    throw new AppError('app.mask-into-source', message, { target: name, source })
  }
}

function unreadable(what: string, found: string): AppError {
  return new AppError('app.mask-unreadable', `Cannot read ${what}: found ${found}`)
}
