import type { Command } from 'commander'
import { formatCount } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

const EXIT_BY_VERDICT = { same: 0, differs: 4, unproven: 6 } as const

export function addVerify(program: Command, act: Act): void {
  program
    .command('verify')
    .argument('<POINT>')
    .requiredOption('--against <NAME>', 'the source or target to look at')
    .description('Say whether a system holds what a point holds, record by record.')
    .action(
      act(async ({ context, output, signal }, point: string, options: { against: string }) => {
        const load = () => import('#app/verify-point')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { verifyPoint } = await load()
        const request = { point, against: options.against }
        const verdict = await verifyPoint(context, vault, request, signal)
        warnUnproven(output, verdict)
        await output.answer(verdict, () => {
          const rows = verdict.entities.map((one) => [
            one.entity,
            one.verdict,
            ...[one.rows, one.missing, one.extra, one.different].map(formatCount),
            one.reason ?? '',
          ])
          const counts = ['ROWS', 'MISSING', 'EXTRA', 'DIFFERENT'].map((title) => {
            return { title, align: 'right' as const }
          })
          const columns = [{ title: 'ENTITY' }, { title: 'VERDICT' }, ...counts, { title: '' }]
          return `${formatTable(columns, rows)}${verdict.verdict}\n`
        })
        return EXIT_BY_VERDICT[verdict.verdict]
      }),
    )
}
