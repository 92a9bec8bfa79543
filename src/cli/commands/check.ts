import type { Command } from 'commander'
import { formatBytes, formatCount } from '../format-amounts.ts'
import type { Act } from '../shell.ts'

const VAULT_DAMAGED = 13

type Options = {
  readonly readData?: boolean
  readonly healFrom?: string
  readonly healKeyring?: string
}

export function addCheck(program: Command, act: Act): void {
  program
    .command('check')
    .option('--read-data', 'open every block and digest every row again, not only hash the objects')
    .option('--heal-from <VAULT>', 'take whole copies of damaged objects from this replica')
    .option('--heal-keyring <PLACE>', "where the replica's keyring is; default: <VAULT>/keyring")
    .description('Say whether the vault is whole: every byte of it.')
    .action(
      act(async ({ context, output, signal }, options: Options) => {
        const load = () => import('#app/check-vault')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { checkWholeVault, healWholeVault } = await load()
        const depth = options.readData === true ? 'decoded' : 'hashes'
        const { healFrom, healKeyring: keyring } = options
        const report =
          healFrom === undefined
            ? { healed: [], ...(await checkWholeVault(context, vault, depth, signal)) }
            : await healWholeVault(
                context,
                vault,
                { depth, from: { vault: healFrom, keyring } },
                signal,
              )
        const { healed, ...checked } = report
        await output.answer(healFrom === undefined ? checked : report, () => {
          const problems = report.problems.map((one) => `${one.object}: ${one.problem}\n`)
          const noted = report.incidents.map((one) => `${one.object}: ${one.problem} (no damage)\n`)
          const copies = healed.map((object) => `${object}: healed from ${healFrom}\n`)
          const read = `${formatCount(report.objects)} objects, ${formatBytes(report.bytes)}, depth ${report.depth}\n`
          return `${copies.join('')}${problems.join('')}${noted.join('')}${read}${report.verdict}\n`
        })
        return report.verdict === 'whole' ? 0 : VAULT_DAMAGED
      }),
    )
}
