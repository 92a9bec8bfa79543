import type { Customer } from '../world/customer.ts'
import { inventFirstName, inventSurname } from '../world/names.ts'
import { seededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'
import { type AccountDeps, SALES_REP_COUNT, writeAccount } from './write-account.ts'
import { writeKyc } from './write-kyc.ts'

/** Fills an empty CRM. */
export function writeCrm(deps: AccountDeps, customers: readonly Customer[]): void {
  writeSalesReps(deps.write, deps.seed)
  for (const customer of customers) {
    writeAccount(deps, customer)
    writeKyc(deps, customer)
  }
}

function writeSalesReps(write: TableWriter, seed: string): void {
  const random = seededRandom(seed, 'sales-reps')
  for (let repId = 1; repId <= SALES_REP_COUNT; repId++) {
    const language = random.pick(['de', 'fr', 'en', 'pl'] as const)
    write('sales_rep', {
      rep_id: repId,
      name: `${inventFirstName(random, language)} ${inventSurname(random, language)}`,
      email: `sales${repId}@kestrelmoor.example`,
      manager_id: repId === 1 ? null : Math.ceil(repId / 8),
    })
  }
}
