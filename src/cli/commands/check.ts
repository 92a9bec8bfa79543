import type { Command } from 'commander'
import { formatBytes, formatCount } from '../format-amounts.ts'
import type { Act } from '../shell.ts'

const VAULT_DAMAGED = 13

export function addCheck(program: Command, act: Act): void {
  program
    .command('check')
    .option('--read-data', 'open every block and digest every row again, not only hash the objects')
    .description('Say whether the vault is whole: every byte of it.')
    .action(
      act(async ({ context, output, signal }, options: { readonly readData?: boolean }) => {
        const load = () => import('#app/check-vault')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { checkWholeVault } = await load()
        const depth = options.readData === true ? 'decoded' : 'hashes'
        const report = await checkWholeVault(context, vault, depth, signal)
        await output.answer(report, () => {
          const problems = report.problems.map((one) => `${one.object}: ${one.problem}\n`)
          const read = `${formatCount(report.objects)} objects, ${formatBytes(report.bytes)}, depth ${report.depth}\n`
          return `${problems.join('')}${read}${report.verdict}\n`
        })
        return report.verdict === 'whole' ? 0 : VAULT_DAMAGED
      }),
    )
}
