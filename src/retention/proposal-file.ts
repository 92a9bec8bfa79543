import * as z from 'zod'
import { AppError } from '#stdx/app-error'
import { type AgreedBody, expireBodySchema, releaseBodySchema } from '#timeline/maintenance-entry'

const FORMAT = 'holdfast proposal 1'

const proposalFileSchema = z.strictObject({
  format: z.literal(FORMAT),
  vaultId: z.string(),
  source: z.string(),
  proposal: z.discriminatedUnion('kind', [expireBodySchema, releaseBodySchema]),
})

/** What a custodian hands to the keeper: an entry that lacks the keeper's signature. No secret. */
export type ProposalFile = {
  readonly vaultId: string
  readonly source: string
  readonly proposal: AgreedBody
}

export function formatProposalFile(file: ProposalFile): string {
  return `${JSON.stringify({ format: FORMAT, ...file }, null, 2)}\n`
}

/** @throws retention.proposal-invalid unless it is one of this vault and kind; its word is not yet judged */
export function parseProposalFile(
  text: string,
  wanted: { readonly vaultId: string; readonly kind: AgreedBody['kind'] },
): ProposalFile {
  const file = proposalFileSchema.safeParse(parseJson(text)).data
  if (file === undefined) throw invalid(`it is not of the form "${FORMAT}"`)
  const { proposal, source, vaultId } = file
  if (vaultId !== wanted.vaultId)
    throw invalid(`it is for vault ${vaultId}, need ${wanted.vaultId}`)
  if (proposal.kind !== wanted.kind) throw invalid(`it would ${proposal.kind}, need ${wanted.kind}`)
  return { vaultId, source, proposal }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Said as any other text that is no proposal.
    return undefined
  }
}

function invalid(found: string): AppError {
  return new AppError('retention.proposal-invalid', `Cannot take up the proposal: ${found}`)
}
