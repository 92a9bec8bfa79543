import type { Chain, SeenHead } from './chain-slots.ts'
import type { DocumentBody, RestoreBody } from './entry.ts'
import type { RecipientsBody } from './key-entry.ts'

/** A restore that was recorded, and when, by the author's clock. */
export type RestoreFact = {
  readonly seq: number
  readonly time: string
  readonly body: RestoreBody
}

/** What the timeline of the vault itself says, newest where only the newest counts. */
export type VaultFacts = {
  readonly documents: ReadonlyMap<string, DocumentBody>
  readonly heads: ReadonlyMap<string, SeenHead>
  /** In order of their entries. */
  readonly restores: readonly RestoreFact[]
  /** Texts of certificates, in order of their entries. */
  readonly certificates: readonly string[]
  /** Whom keys are sealed to; `null` while it is whom `vault.json` says. */
  readonly recipients: RecipientsBody | null
}

/** Folds `_vault`. Pure. */
export function foldFacts({ entries }: Pick<Chain, 'entries'>): VaultFacts {
  const documents = new Map<string, DocumentBody>()
  const heads = new Map<string, SeenHead>()
  const restores: RestoreFact[] = []
  const certificates: string[] = []
  let recipients: RecipientsBody | null = null
  for (const { body, seq, time } of entries) {
    if (body.kind === 'certificate') certificates.push(...body.certificates)
    if (body.kind === 'recipients' && body.epoch > (recipients?.epoch ?? 1)) recipients = body
    if (body.kind === 'document') documents.set(body.document, body)
    if (body.kind === 'restore') restores.push({ seq, time, body })
    if (body.kind !== 'heads') continue
    for (const [timeline, head] of Object.entries(body.heads)) {
      // Whoever wrote later may have read earlier.
      if (head.seq >= (heads.get(timeline)?.seq ?? -1)) heads.set(timeline, head)
    }
  }
  return { documents, heads, restores, certificates, recipients }
}
