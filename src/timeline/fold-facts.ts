import type { Chain, SeenHead } from './chain-slots.ts'
import type { DrillBody } from './drill-entry.ts'
import type { DocumentBody, EntryBody, HeadsBody, RestoreBody } from './entry.ts'
import type { UnknownBody } from './envelope.ts'
import type { IdentityBody } from './identity-entry.ts'
import type { RecipientsBody } from './key-entry.ts'
import type { RestoreBegunBody } from './restore-entry.ts'

/** A restore that was recorded, and when, by the author's clock. */
export type RestoreFact = {
  readonly seq: number
  readonly time: string
  readonly body: RestoreBody
}

/** What a drill came to, and when. */
export type DrillFact = {
  readonly seq: number
  readonly time: string
  readonly body: DrillBody
}

/** That somebody decided who is one, by which certificate, and when. */
export type IdentityFact = {
  readonly seq: number
  readonly time: string
  readonly author: string
  readonly body: IdentityBody
}

/** A restore that was about to begin, and when. */
export type BegunFact = {
  readonly seq: number
  readonly time: string
  readonly body: RestoreBegunBody
}

/** What the timeline of the vault itself says, newest where only the newest counts. */
export type VaultFacts = {
  readonly documents: ReadonlyMap<string, DocumentBody>
  /** All texts that lie sealed beside entries, whatever they are, in order of their entries. */
  readonly allDocuments: readonly DocumentBody[]
  readonly heads: ReadonlyMap<string, SeenHead>
  /** In order of their entries. */
  readonly restores: readonly RestoreFact[]
  /** In order of their entries; whether they ended is among `restores`. */
  readonly begun: readonly BegunFact[]
  /** In order of their entries. */
  readonly drills: readonly DrillFact[]
  /** In order of their entries. */
  readonly identities: readonly IdentityFact[]
  /** Texts of certificates, in order of their entries. */
  readonly certificates: readonly string[]
  /** Whom keys are sealed to; `null` while it is whom `vault.json` says. */
  readonly recipients: RecipientsBody | null
  /** What was sealed anew, in order of the entries. */
  readonly resealed: readonly Resealed[]
  /** Writers that were declared dead and can commit no more. */
  readonly fenced: ReadonlySet<string>
  /** Objects of the keyring, as they lie there, that were declared dead. */
  readonly deadKeyrings: ReadonlySet<string>
}

export type RestoreFacts = Pick<VaultFacts, 'begun' | 'drills' | 'restores'>

/** A list of what was sealed anew, and which of it was declared dead before. */
export type Resealed = {
  readonly epoch: number
  readonly list: Extract<EntryBody, { kind: 'resealed' }>['list']
  readonly dead: ReadonlySet<string>
}

type Entry = Chain['entries'][number]

/** Folds `_vault`. Pure. */
export function foldFacts({ entries }: Pick<Chain, 'entries'>): VaultFacts {
  const documents = new Map<string, DocumentBody>()
  const allDocuments: DocumentBody[] = []
  const heads = new Map<string, SeenHead>()
  const restores: RestoreFact[] = []
  const begun: BegunFact[] = []
  const drills: DrillFact[] = []
  const identities: IdentityFact[] = []
  const certificates: string[] = []
  const resealed: Resealed[] = []
  const fenced = new Set<string>()
  let deadKeyrings: ReadonlySet<string> = new Set<string>()
  let recipients: RecipientsBody | null = null
  for (const { author, body, seq, time } of entries) {
    if (judgeFact({ fenced }, body) !== undefined) continue
    if (body.kind === 'certificate') certificates.push(...body.certificates)
    if (body.kind === 'recipients' && body.epoch > (recipients?.epoch ?? 1)) recipients = body
    if (body.kind === 'resealed') {
      resealed.push({ epoch: body.epoch, list: body.list, dead: deadKeyrings })
    }
    if (body.kind === 'document') documents.set(body.document, body)
    allDocuments.push(...documentsOf(body))
    addRestore({ begun, drills, restores }, { seq, time, body })
    if (body.kind === 'identity') identities.push({ seq, time, author, body })
    if (body.kind === 'fence') {
      for (const session of body.sessions) fenced.add(session)
      deadKeyrings = new Set([...deadKeyrings, ...(body.keyrings ?? [])])
    }
    if (body.kind === 'heads') addHeads(heads, body)
  }
  const lists = { documents, allDocuments, heads, restores, begun, drills, certificates }
  return { ...lists, identities, recipients, resealed, fenced, deadKeyrings }
}

function addRestore(
  facts: { begun: BegunFact[]; drills: DrillFact[]; restores: RestoreFact[] },
  { body, seq, time }: Pick<Entry, 'body' | 'seq' | 'time'>,
): void {
  if (body.kind === 'restore-begun') facts.begun.push({ seq, time, body })
  if (body.kind === 'restore') facts.restores.push({ seq, time, body })
  if (body.kind === 'drill') facts.drills.push({ seq, time, body })
}

function addHeads(heads: Map<string, SeenHead>, body: HeadsBody): void {
  for (const [timeline, head] of Object.entries(body.heads)) {
    // Whoever wrote later may have read earlier.
    if (head.seq >= (heads.get(timeline)?.seq ?? -1)) heads.set(timeline, head)
  }
}

/** Why an entry with this body does not count after these facts; `undefined` when it does. */
export function judgeFact(
  { fenced }: Pick<VaultFacts, 'fenced'>,
  body: EntryBody | UnknownBody,
): string | undefined {
  const objects =
    body.kind === 'resealed' ? [body.list] : documentsOf(body).map(({ object }) => object)
  const dead = objects.find(({ name }) => fenced.has(sessionOfObject(name)))
  return dead && `the writer of "${dead.name}" was declared dead`
}

/** What an entry keeps as sealed texts: a document, the parts of a pre-image, or a decision. */
export function documentsOf(body: EntryBody | UnknownBody): readonly DocumentBody[] {
  if (body.kind === 'document') return [body]
  if (body.kind === 'identity') return [identityDocumentOf(body)]
  return body.kind === 'restore-begun' ? [...preImagesOf(body).flat(), ...crosswalkOf(body)] : []
}

/** The text of a decision, as a document is read; it is none. */
export function identityDocumentOf({ decision, text }: IdentityBody): DocumentBody {
  return { kind: 'document', document: formatIdentityName(decision), ...text }
}

/** What the text of a decision is called where documents have a name. */
export function formatIdentityName(decision: string): string {
  return `identity/${decision}`
}

/** The parts of each pre-image of a restore, in the order of its entities. */
export function preImagesOf({ entities, restore }: RestoreBegunBody): DocumentBody[][] {
  let index = 0
  return entities.map(({ parts }) =>
    parts.map((part) => {
      const document = formatPartName(restore, index)
      index += 1
      return { kind: 'document', document, ...part }
    }),
  )
}

/** The parts of the crosswalk of a restore; none where it has none. */
export function crosswalkOf({ crosswalk, entities, restore }: RestoreBegunBody): DocumentBody[] {
  const before = entities.reduce((sum, { parts }) => sum + parts.length, 0)
  return (crosswalk?.parts ?? []).map((part, i) => {
    return { kind: 'document', document: formatPartName(restore, before + i), ...part }
  })
}

/**
 * What a part is called where documents have a name: they count through the pre-images of all entities,
 * and on through the crosswalk.
 */
export function formatPartName(restore: string, index: number): string {
  return `restore/${restore}/${index}`
}

/** The writer of a document or list, by the name of its object: `segments/_vault/<session>/<rest>`. */
export function sessionOfObject(name: string): string {
  return name.split('/')[2] ?? ''
}
