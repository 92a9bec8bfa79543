import type { Entry, Slot } from './envelope.ts'

/** By certificate: the last entry of each timeline that its holder may have stated. */
export type Revocations = ReadonlyMap<string, Readonly<Record<string, number>>>

/** Whether the holder of this certificate may not have stated an entry at `seq`. */
export function isRevokedAt(
  revoked: Revocations,
  certificate: string,
  { seq, source }: { readonly source: string; readonly seq: number },
): boolean {
  const last = revoked.get(certificate)
  return last !== undefined && seq > (last[source] ?? -1)
}

/** What entries of `_vault` revoke. */
export function collectRevocations(entries: readonly Entry[]): Revocations {
  const revoked = new Map<string, Readonly<Record<string, number>>>()
  for (const { body } of entries) {
    if (body.kind !== 'revoke') continue
    for (const { certificate, last } of body.certificates) {
      // The first word counts: what was void shall not become an entry later, nor the reverse.
      if (!revoked.has(certificate)) revoked.set(certificate, last)
    }
  }
  return revoked
}

/** The slots, those void whose author or second author was revoked before. */
export function voidRevoked(
  source: string,
  slots: readonly Slot[],
  revoked: Revocations,
): readonly Slot[] {
  if (revoked.size === 0) return slots
  return slots.map((slot) => {
    if (slot.kind !== 'entry') return slot
    const { hash, seq } = slot
    const { author, body } = slot.entry
    const authors = 'cosigned' in body ? [author, body.cosigned.author] : [author]
    const gone = authors.find((one) => isRevokedAt(revoked, one, { source, seq }))
    if (gone === undefined) return slot
    return { seq, hash, kind: 'void', problem: `its author ${gone} was revoked before` }
  })
}
