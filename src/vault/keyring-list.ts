import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { StoredBytes } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { GetOptions, ObjectName, ObjectStore } from '#store/object-store'
import type { Resealed } from '#timeline/fold-facts'

/**
 * What objects of the keyring were sealed anew as: one zstd frame of text, a line each, ended by LF:
 *
 * ```
 * <name as entries have it> <size in bytes> <SHA-256 of the stored bytes, hex>
 * ```
 *
 * It is not sealed: its entry names its hash, and storage sees all that it says in the keyring itself.
 */
export type KeyringList = ReadonlyMap<string, StoredBytes>

/** Objects in one list, so that neither it nor a run that writes it grows with the vault. */
export const LISTED_MAX = 10_000
const TEXT_BYTES_MAX = 64 * 1024 * 1024
const LINE = /^(\S+) (\d{1,15}) ([0-9a-f]{64})$/

/** Stores a list, durable and not yet said by any entry. */
export async function writeKeyringList(
  store: ObjectStore,
  { list, session }: { readonly list: KeyringList; readonly session: string },
  signal: AbortSignal,
): Promise<Resealed['list']> {
  const lines = [...list].map(([name, { sha256, sizeBytes }]) => `${name} ${sizeBytes} ${sha256}\n`)
  const bytes = zstdCompressSync(Buffer.from(lines.join('')))
  const name = parseObjectName(`segments/_vault/${session}/0.resealed`)
  await store.put(name, bytes, signal)
  return { name, ...storedBytesOf(bytes) }
}

/** @throws vault.object-damaged when it is not what its entry names */
export async function readKeyringList(
  store: ObjectStore,
  ref: Resealed['list'],
  signal: AbortSignal,
): Promise<KeyringList> {
  const bytes = await getIfAny(store, ref.name, { signal })
  if (bytes === undefined) throw damaged(ref.name, 'it is missing')
  if (!isStored(ref, bytes)) throw damaged(ref.name, 'its bytes are not those that were committed')
  const text = zstdDecompressSync(bytes, { maxOutputLength: TEXT_BYTES_MAX }).toString('utf8')
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name, sizeBytes, sha256] = LINE.exec(line) ?? []
      return name && sha256 ? [[name, { sizeBytes: Number(sizeBytes), sha256 }] as const] : []
    }),
  )
}

export function storedBytesOf(bytes: Uint8Array): StoredBytes {
  return { sizeBytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export function isStored(stated: StoredBytes, bytes: Uint8Array): boolean {
  return stated.sizeBytes === bytes.byteLength && stated.sha256 === storedBytesOf(bytes).sha256
}

/** `undefined` when there is no such object. */
export async function getIfAny(
  store: ObjectStore,
  name: ObjectName,
  options: GetOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await store.get(name, options)
  } catch (error) {
    if (!isAppError(error, 'store.not-found')) throw error
    return undefined
  }
}

function damaged(name: string, found: string): AppError {
  const message = `Cannot tell from "${name}" what keys were sealed anew as: ${found}`
  return new AppError('vault.object-damaged', message, { object: name })
}
