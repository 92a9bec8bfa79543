import type { Certificate } from '#seal/certificate'
import type { VaultId } from '#seal/keys'
import { signBytes } from '#seal/signing-pair'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { AgreedBody } from './maintenance-entry.ts'
import type { Author } from './sealed-statement.ts'

/** What two hands are to agree on, before either has signed. */
export type Proposal = AgreedBody extends infer B
  ? B extends unknown
    ? Omit<B, 'cosigned'>
    : never
  : never

type Place = { readonly vaultId: VaultId; readonly source: string }

/** The proposal with the custodian's word. The keeper's is the signature of the entry it becomes. */
export function cosign(place: Place, proposal: Proposal, custodian: Author): AgreedBody {
  const signature = signBytes(custodian.seed, toBeSigned(place, proposal))
  const cosigned = {
    author: custodian.certificateId,
    signature: Buffer.from(signature).toString('hex'),
  }
  return { ...proposal, cosigned }
}

/** Why the second hand's word is none; `undefined` when it is. */
export async function judgeCosigner(
  place: Place,
  body: AgreedBody,
  findCertificate: (id: string) => Promise<Certificate | undefined>,
): Promise<string | undefined> {
  const { cosigned, ...proposal } = body
  const certificate = await findCertificate(cosigned.author)
  if (certificate === undefined) return `nobody certified its second author ${cosigned.author}`
  if (certificate.role !== 'custodian') {
    return `its second author is ${certificate.role}, need custodian`
  }
  const signature = Buffer.from(cosigned.signature, 'hex')
  if (certificate.hasSigned(toBeSigned(place, proposal), signature)) return undefined
  return 'the signature of its second author does not fit'
}

function toBeSigned({ vaultId, source }: Place, proposal: object): Uint8Array {
  return Buffer.from(`holdfast proposal 1\n${formatCanonicalJson({ vaultId, source, proposal })}`)
}
