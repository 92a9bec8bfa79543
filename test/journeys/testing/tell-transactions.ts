import { silentProgress } from '#app/progress'
import { type ToldTransaction, tellTransactions } from '#capture/testing/tell-transactions'
import { readProcessSettings } from '#config/read-process-settings'
import { openContext } from '#main/open-context'
import { change } from './example-database.ts'
import type { Traveller } from './traveller.ts'

/** Runs transactions in a database file, and tells a traveller's vault of each as a feed would. */
export async function tell(
  { environment, at, folder }: Traveller,
  { file, source }: { readonly file: string; readonly source: string },
  transactions: readonly ToldTransaction[],
): Promise<number> {
  const context = openContext(
    {
      environment: {},
      currentFolder: folder,
      homeFolder: folder,
      threadUrl: new URL('../../../src/main/capture-thread.ts', import.meta.url),
    },
    {
      settings: readProcessSettings({ ...environment, HOLDFAST_CONFIG: at('holdfast.yaml') }),
      progress: silentProgress,
      warn: () => {},
      askHidden: undefined,
    },
  )
  const { signal } = new AbortController()
  const vault = await context.openVault(signal)
  const exec = async (sql: string) => change(at(file), sql)
  const openSource = async () => (await context.openSource(source, signal)).source
  return await tellTransactions({ vault, source, exec, openSource }, transactions)
}
