import { DOLIBARR } from './dolibarr.ts'
import { ERPNEXT } from './erpnext.ts'
import { ODOO } from './odoo.ts'
import type { Pack } from './pack.ts'
import { SUITECRM } from './suitecrm.ts'

export const PACKS: readonly Pack[] = [ODOO, ERPNEXT, DOLIBARR, SUITECRM]
