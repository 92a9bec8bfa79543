import { join } from 'node:path'

/** The three systems of the trading group, each one SQLite file. */
export type DemoFiles = { readonly crm: string; readonly erp: string; readonly billing: string }

export type DemoSystem = keyof DemoFiles

export const DEMO_SYSTEMS = ['crm', 'erp', 'billing'] as const satisfies readonly DemoSystem[]

export function demoFiles(folder: string): DemoFiles {
  return {
    crm: join(folder, 'crm.db'),
    erp: join(folder, 'erp.db'),
    billing: join(folder, 'billing.db'),
  }
}
