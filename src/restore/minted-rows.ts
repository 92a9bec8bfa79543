import type { PickedKeys } from '#history/picked-keys'
import type { EntityName } from '#record/entity-name'
import { mapRows } from '#record/map-rows'
import { formatField, NULL_FIELD } from '#record/row-text'
import type { CompareDeps } from './compare-target.ts'
import { readAddress } from './gather-keys.ts'
import {
  type FindTargetKey,
  type KeyedEntities,
  type KeyedEntity,
  readReference,
} from './key-references.ts'
import { type OtherRows, readStateRows } from './row-mask.ts'

export type MintedRowsInput = {
  readonly find: FindTargetKey
  /** References to what has no key are emptied, where they may be. */
  readonly isEmptied: boolean
  readonly keyed: KeyedEntities
  /** The only records of the point that are put back, of entities whose keys change; none where all are. */
  readonly picked: ReadonlyMap<EntityName, PickedKeys>
}

/**
 * Rows with the keys that they have in the target, and what names them with them. Rows that are not put
 * back and have no key there are left out: their numbers are somebody else's there.
 */
export function openMintedRows(
  deps: Pick<CompareDeps, 'read'>,
  { find, isEmptied, keyed, picked }: MintedRowsInput,
): OtherRows {
  return {
    rowsOf(at, signal, only) {
      const { entity } = at.schema
      const one = keyed.get(entity)
      if (one === undefined) return null
      const own = one.isKeyChanged ? picked.get(entity) : only
      const rename = (texts: readonly string[]) => renameRow(one, texts, { find, isEmptied })
      const rows = mapRows(readStateRows(deps, at, signal, own), rename)
      return { rows, isOrdered: !one.isKeyChanged }
    },
  }
}

function renameRow(
  { minted, references, schema }: KeyedEntity,
  texts: readonly string[],
  { find, isEmptied }: Pick<MintedRowsInput, 'find' | 'isEmptied'>,
): readonly string[] | null {
  const renamed = [...texts]
  if (minted !== null) {
    const own = find(schema.entity, readAddress(texts[minted]))
    if (own === undefined) return null
    renamed[minted] = formatField(own)
  }
  for (const reference of references) {
    const number = readReference(reference, texts)
    if (number === null) continue
    const named = (reference.elsewhere?.find ?? find)(reference.to, number)
    if (named === undefined && !(isEmptied && reference.mayBeNull)) return null
    renamed[reference.index] = named === undefined ? NULL_FIELD : formatField(named)
  }
  return renamed
}
