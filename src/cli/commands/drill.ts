import type { Command } from 'commander'
import { collect } from '../collect.ts'
import { formatDrill } from '../format-drill.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

const FAILED = 4

type Options = {
  readonly customers?: string
  readonly at?: readonly string[]
  readonly seed?: string
  readonly target?: string[]
  readonly within?: string
  readonly map?: string
  readonly acceptSideEffects?: boolean
}

export function addDrill(program: Command, act: Act): void {
  program
    .command('drill')
    .option(
      '--customers <COUNT>',
      'how many are drawn by lot (default: `drill` of holdfast.yaml, 50)',
    )
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--seed <SEED>', 'draw the same customers again (default: a new one, which is printed)')
    .option(
      '--target <SOURCE=TARGET>',
      'into an empty target of the configuration, and leave it there; may be repeated (default: a file that is removed)',
      collect,
    )
    .option(
      '--within <TIME>',
      'how long it may take, like 30s (default: `drill` of holdfast.yaml, 30s)',
    )
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--accept-side-effects', 'let run what a --target cannot keep from running by itself')
    .description(
      'Put random customers back into a throw-away copy, compare, and keep the evidence.',
    )
    .action(
      act(async ({ context, output, signal }, options: Options) => {
        const load = () => import('#app/drill-customers')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { drillCustomers } = await load()
        const { acceptSideEffects = false, at = [], map: file, target: to = [] } = options
        const { customers, seed, within } = options
        const request = { customers, seed, within, at, to, file }
        const report = await drillCustomers(
          context,
          vault,
          { ...request, mayRunSideEffects: acceptSideEffects },
          signal,
        )
        warnUnproven(output, report)
        await output.answer(report, () => formatDrill(report, output.paint))
        return report.verdict === 'passed' ? 0 : FAILED
      }),
    )
}
