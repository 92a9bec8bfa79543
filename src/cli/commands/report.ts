import type { Command } from 'commander'
import type { ReceivablesAnswer } from '#app/report-receivables'
import { formatReceivables } from '../format-receivables.ts'
import type { Act } from '../shell.ts'
import { refuseExisting, writeNewFile } from '../text-file.ts'
import { warnUnproven } from '../warn-unproven.ts'

const DIFFERS = 4

type ReportOptions = {
  readonly asOf?: string
  readonly map?: string
  readonly csv?: string
  readonly breaks?: string
  readonly html?: string
}

export function addReport(program: Command, act: Act): void {
  const report = program
    .command('report')
    .helpCommand(false)
    .description('What finance asks of a point, held against the general ledger.')
  report
    .command('receivables')
    .argument('<POINT...>', 'one of each system it reads, or one for all: @fy26-close')
    .option('--as-of <DAY>', 'the last day that counts (default: that of the newest point, in UTC)')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--csv <FILE>', 'write the ageing into a new file, too')
    .option('--breaks <FILE>', 'write what does not add up into a new CSV file, too')
    .option('--html <FILE>', 'write the whole as a page into a new file, too')
    .description('Age what customers owe by due date, and hold it against the control accounts.')
    .action(
      act(async ({ context, output, signal }, at: string[], options: ReportOptions) => {
        const { asOf, breaks, csv, html, map: file } = options
        for (const path of [csv, breaks, html]) if (path !== undefined) refuseExisting(path)
        const load = () => import('#app/report-receivables')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { receivablesFiles, showReceivables } = await load()
        const answer = await showReceivables(context, vault, { at, asOf, file }, signal)
        const files = receivablesFiles(answer)
        const write = async (path: string | undefined, text: () => string) => {
          if (path !== undefined) await writeNewFile(path, text(), context.random)
        }
        await write(csv, files.csv)
        await write(breaks, files.breaks)
        await write(html, files.page)
        warnUnproven(output, answer)
        await output.answer(answer, () => formatReceivables(answer, output.paint))
        return isClean(answer) ? 0 : DIFFERS
      }),
    )
}

function isClean({ verdict }: ReceivablesAnswer): boolean {
  return verdict === 'clean'
}
