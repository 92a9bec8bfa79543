import { createHash } from 'node:crypto'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { commitToKeys, sealKeyring } from '#seal/keyring'
import { sealSection } from '#seal/seal-section'
import type { SegmentRef } from '#segment/segment'
import { systemRandom } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { CaptureBody } from '#timeline/entry'
import { storedBytesOf } from '../keyring-list.ts'
import type { Vault } from '../vault.ts'
import { signal } from './a-vault.ts'

const entity = 'public.customer' as EntityName

/**
 * Writes objects as a capture does, sealed with real keys, though their content is no segment, and
 * gives the body that would commit them.
 */
export async function aCapture(
  vault: Vault,
  source: string,
  change: Partial<CaptureBody> = {},
): Promise<CaptureBody> {
  const session = change.session ?? Buffer.from(systemRandom.bytes(16)).toString('hex')
  return {
    kind: 'capture',
    session,
    base: null,
    connector: 'sqlite',
    cut: {
      position: '1',
      time: '2026-06-30T12:00:00Z',
      identity: { system: 'here', database: 'erp' },
    },
    catalogue: { definition: null, notRestored: [] },
    sequences: {},
    leftOut: [],
    entities: [
      {
        entity,
        schema: 1,
        generation: 1,
        rows: 1,
        inserted: 1,
        updated: 0,
        deleted: 0,
        fingerprint: '0'.repeat(32),
      },
    ],
    schemas: change.base === undefined ? [aSchema()] : [],
    segments: [await aSegment(vault, source, session)],
    bytesStored: 100,
    durationMs: 1,
    ...change,
  }
}

async function aSegment(vault: Vault, source: string, session: string): Promise<SegmentRef> {
  const { recipients } = await vault.writeDeps(source, signal)
  const keyring = parseObjectName(`${source}/${session}/1`)
  const keysKey = systemRandom.bytes(32)
  const rowsKey = systemRandom.bytes(32)
  const segmentKeys = { keys: [keysKey], rows: [rowsKey], blobs: [] }
  const request = { vaultId: vault.id, name: keyring, keys: segmentKeys, recipients }
  const sealed = await sealKeyring(request)
  await vault.keyring.put(keyring, sealed, signal)
  const put = async (part: 'keys' | 'rows', key: Uint8Array) => {
    const name = parseObjectName(`segments/${source}/${session}/1.${part}`)
    const place = { vaultId: vault.id, segment: name, part, block: 0, section: 0 }
    const bytes = sealSection(key, place, Buffer.from(`${part} of a customer`))
    await vault.store.put(name, bytes, signal)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const commitment = commitToKeys(name, [key])
    return { name, sizeBytes: bytes.byteLength, sha256, commitment }
  }
  return {
    entity,
    generation: 1,
    schema: 1,
    stamps: 'ordinal',
    versionCount: 1,
    rowCount: 1,
    keyring,
    keyringObject: storedBytesOf(sealed),
    keys: await put('keys', keysKey),
    rows: await put('rows', rowsKey),
    blobs: null,
    borrowed: [],
  }
}

function aSchema(): SchemaVersion {
  const id = { id: 1, name: 'id', type: 'integer', isNullable: false, sourceId: '1', missing: null }
  return {
    entity,
    version: 1,
    generation: 1,
    layout: 1,
    sourceId: '1',
    fieldIdMax: 1,
    fields: [id],
    sourceOrder: [1],
    key: { kind: 'fields', fieldIds: [1], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
  }
}
