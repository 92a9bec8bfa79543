import type { Command } from 'commander'
import type { PointVerdict } from '#app/verify-point'
import { AppError } from '#stdx/app-error'
import { formatCount } from '../format-amounts.ts'
import { formatReconciliation } from '../format-reconciliation.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'
import { refuseExisting, writeNewFile } from '../text-file.ts'
import { warnUnproven } from '../warn-unproven.ts'

const EXIT_BY_VERDICT = { same: 0, differs: 4, unproven: 6 } as const

type VerifyOptions = {
  readonly against: string
  readonly mapping?: string
  readonly page?: string
  readonly differences?: string
  readonly allowExtra?: true
}

export function addVerify(program: Command, act: Act): void {
  program
    .command('verify')
    .argument('<POINT>')
    .requiredOption('--against <NAME>', 'the source or target to look at')
    .option('--mapping <FILE>', 'of a migration: compare with what the mapping file makes of it')
    .option('--allow-extra', 'with --mapping: the target may have other records, too')
    .option('--page <FILE>', 'with --mapping: write a page to sign into a new file, too')
    .option('--differences <FILE>', 'with --mapping: write all of them into a new CSV file, too')
    .description('Say whether a system holds what a point holds, record by record.')
    .action(
      act(async (shell, point: string, options: VerifyOptions) => {
        const { against, mapping } = options
        if (mapping !== undefined) return await reconcile(shell, point, { ...options, mapping })
        refuseWithoutMapping(options)
        const { context, output, signal } = shell
        const load = () => import('#app/verify-point')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { verifyPoint } = await load()
        const verdict = await verifyPoint(context, vault, { point, against }, signal)
        warnUnproven(output, verdict)
        await output.answer(verdict, () => formatVerdict(verdict))
        return EXIT_BY_VERDICT[verdict.verdict]
      }),
    )
}

async function reconcile(
  { context, output, signal }: Shell,
  point: string,
  options: VerifyOptions & { readonly mapping: string },
): Promise<number> {
  const { against, differences, mapping, page } = options
  for (const path of [page, differences]) if (path !== undefined) refuseExisting(path)
  const load = () => import('#app/reconcile-point')
  const vault = await context.openVault(signal, { meanwhile: load })
  const { formatPage, reconcilePoint } = await load()
  const isExtraAllowed = options.allowExtra === true
  const request = { point, against, isExtraAllowed, mapping, keep: keepIn(differences) }
  const found = await reconcilePoint(context, vault, request, signal)
  if (page !== undefined) await writeNewFile(page, formatPage(found), context.random)
  warnUnproven(output, found)
  await output.answer(found, () => formatReconciliation(found, output.paint))
  return EXIT_BY_VERDICT[found.verdict]

  /** As they are found: there may be more than fit into memory. */
  function keepIn(path: string | undefined) {
    if (path === undefined) return null
    return (lines: AsyncIterable<Uint8Array>) => writeNewFile(path, lines, context.random)
  }
}

function refuseWithoutMapping({ allowExtra, differences, page }: VerifyOptions): void {
  const given = { '--page': page, '--differences': differences, '--allow-extra': allowExtra }
  const option = Object.entries(given).find(([, value]) => value !== undefined)?.[0]
  if (option === undefined) return
  const message = `Cannot read the command line: found ${option} without --mapping, wanted both`
  throw new AppError('cli.usage', message)
}

function formatVerdict({ entities, verdict }: PointVerdict): string {
  const rows = entities.map((one) => [
    one.entity,
    one.verdict,
    ...[one.rows, one.missing, one.extra, one.different].map(formatCount),
    one.reason ?? '',
  ])
  const counts = ['ROWS', 'MISSING', 'EXTRA', 'DIFFERENT'].map((title) => {
    return { title, align: 'right' as const }
  })
  const columns = [{ title: 'ENTITY' }, { title: 'VERDICT' }, ...counts, { title: '' }]
  return `${formatTable(columns, rows)}${verdict}\n`
}
