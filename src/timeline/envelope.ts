import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Certificate } from '#seal/certificate'
import type { Random } from '#stdx/random'
import { type EntryBody, entryBodySchema } from './entry.ts'
import { judgeAuthor } from './judge-author.ts'
import { judgeCosigner } from './proposal.ts'
import { type Author, type LogDeps, sealStatement, unsealStatement } from './sealed-statement.ts'

/**
 * What surrounds an entry's body: who says it, when, and after what. One object, a sealed statement
 * (`sealed-statement.ts`) with the magic `HFTE`. The entry's hash is SHA-256 of the whole object.
 */
export type Entry = {
  readonly source: string
  readonly seq: number
  /** Hash of the object in the slot before, whatever it is; `null` in slot 0. */
  readonly previous: string | null
  /** The void slots since the entry before, which this one chains over. */
  readonly voids: readonly VoidSlot[]
  /** Id of the author's certificate. */
  readonly author: string
  /** By the author's clock, ISO 8601. */
  readonly time: string
  readonly body: EntryBody | UnknownBody
}

/** The hash of what lay in a slot without being an entry. */
export type VoidSlot = { readonly seq: number; readonly hash: string }

/** A kind of a later version: read on, write nothing. */
export type UnknownBody = { readonly kind: 'unknown'; readonly unknownKind: string }

/** What the object in a slot turned out to be. */
export type Slot = { readonly seq: number; readonly hash: string } & (
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Not authentic, or by somebody who may not say it. */
  | { readonly kind: 'void'; readonly problem: string }
  /** Of another format, or authentic and yet not understood. */
  | { readonly kind: 'unsupported'; readonly problem: string }
)

const ENTRY = { magic: 'HFTE', purpose: 'entry' } as const

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const statementSchema = z.strictObject({
  vaultId: z.string(),
  source: z.string(),
  seq: z.int().min(0),
  previous: hash.nullable(),
  voids: z.array(z.strictObject({ seq: z.int().min(0), hash })),
  author: z.string().regex(/^[0-9a-f]{32}$/),
  time: z.string(),
  body: z.looseObject({ kind: z.string() }),
})

/** The object of an entry, signed and sealed. Another call gives other bytes: the salt is fresh. */
export function formatEntry(
  deps: LogDeps & { readonly random: Random },
  entry: Omit<Entry, 'author' | 'body'> & { readonly body: EntryBody },
  author: Author,
): Uint8Array<ArrayBuffer> {
  const said = { vaultId: deps.vaultId, ...entry, author: author.certificateId }
  return sealStatement({ ...deps, kind: ENTRY }, entry, said, author)
}

export type ReadEntryDeps = LogDeps & {
  /** `undefined` when the root key certified no such author. */
  readonly findCertificate: (id: string) => Promise<Certificate | undefined>
}

/** What the object in slot `seq` of a source is. Never throws for what the object holds. */
export async function parseSlot(
  deps: ReadEntryDeps,
  place: { readonly source: string; readonly seq: number },
  bytes: Uint8Array,
): Promise<Slot> {
  const at = { seq: place.seq, hash: hashEntry(bytes) }
  const voided = (problem: string) => ({ ...at, kind: 'void' as const, problem })
  const unsupported = (problem: string) => ({ ...at, kind: 'unsupported' as const, problem })

  const opened = unsealStatement({ ...deps, kind: ENTRY }, place, bytes)
  if (opened.kind !== 'statement') return { ...at, ...opened }
  const said = readStatement(opened.text)
  if (said === undefined) return unsupported('its statement is not in the known form')
  // The seal binds these already; a statement that contradicts its seal was made to mislead.
  const isHere =
    said.vaultId === deps.vaultId && said.source === place.source && said.seq === place.seq
  if (!isHere) return voided('it was made for another place')
  const certificate = await deps.findCertificate(said.author)
  if (certificate === undefined) return voided(`nobody certified its author ${said.author}`)
  const isSigned = certificate.hasSigned(opened.signed, opened.signature)
  if (!isSigned) return voided('its signature does not fit its author')
  const refusal = judgeAuthor({ kind: said.body.kind, source: said.source }, certificate)
  if (refusal !== undefined) return voided(refusal)
  const body = readBody(said.body)
  if (body === undefined) return unsupported(`its ${said.body.kind} is not in the known form`)
  if (body.kind === 'expire' || body.kind === 'release') {
    const found = await judgeCosigner(
      { vaultId: deps.vaultId, source: said.source },
      body,
      deps.findCertificate,
    )
    if (found !== undefined) return voided(found)
  }
  const { vaultId: _, ...entry } = said
  return { ...at, kind: 'entry', entry: { ...entry, body } }
}

/** By which the next entry names this object. */
export function hashEntry(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function readStatement(text: string): z.infer<typeof statementSchema> | undefined {
  try {
    return statementSchema.parse(JSON.parse(text))
  } catch {
    // The slot is reported as not understood.
    return undefined
  }
}

function readBody(body: { readonly kind: string }): EntryBody | UnknownBody | undefined {
  const isKnown = KNOWN_KINDS.has(body.kind)
  if (!isKnown) return { kind: 'unknown', unknownKind: body.kind }
  return entryBodySchema.safeParse(body).data
}

const KNOWN_KINDS: ReadonlySet<string> = new Set(
  entryBodySchema.options.flatMap(({ shape }) => [...shape.kind.values]),
)
