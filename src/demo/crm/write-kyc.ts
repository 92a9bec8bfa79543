import { createHash } from 'node:crypto'
import { type Customer, STORY_INDEX } from '../world/customer.ts'
import { FIRST_DAY, formatDay } from '../world/days.ts'
import { createDocument } from '../world/document.ts'
import { seededRandom } from '../world/seeded-random.ts'
import { type AccountDeps, SALES_REP_COUNT } from './write-account.ts'

const KINDS = ['register-extract', 'ownership', 'identity-card', 'articles-of-association']
/** Scans over 64 KiB, which the vault keeps out of line: one in so many cases has one. */
const SCAN_EVERY = 150

/** Writes the know-your-customer case of those customers that have one, with its documents. */
export function writeKyc({ write, seed }: AccountDeps, customer: Customer): void {
  const random = seededRandom(seed, 'kyc', customer.index)
  const isStory = customer.index === STORY_INDEX
  if (customer.segment === 'C' && !random.chance(0.2)) return
  const caseId = 80_001 + customer.index
  const openedDay = FIRST_DAY - random.between(20, 900)
  write('kyc_case', {
    case_id: caseId,
    account_id: customer.accountId,
    status: random.weighted(STATUSES),
    risk_class: random.pick(['low', 'low', 'medium', 'high']),
    reviewer_id: random.between(1, SALES_REP_COUNT),
    opened_on: formatDay(openedDay),
    next_review_on: random.chance(0.8) ? formatDay(openedDay + 1095) : null,
  })
  const hasScan = isStory || customer.index % SCAN_EVERY === 7
  const count = isStory ? 3 : random.between(0, 2) + (hasScan ? 1 : 0)
  for (let position = 1; position <= count; position++) {
    const kind = random.pick(KINDS)
    const content = createDocument(random, customer, { kind, isScan: hasScan && position === 1 })
    write('kyc_document', {
      case_id: caseId,
      position,
      kind,
      file_name: `${kind}-${caseId}-${position}.pdf`,
      media_type: 'application/pdf',
      sha256: createHash('sha256').update(content).digest('hex'),
      content,
    })
  }
}

const STATUSES = [
  ['approved', 80],
  ['in-review', 12],
  ['expired', 5],
  ['rejected', 3],
] as const
