import type { Command } from 'commander'
import type { BackUpSummary } from '#app/back-up-source'
import { isAppError } from '#stdx/app-error'
import { collect } from '../collect.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'

type Options = {
  readonly full?: boolean
  readonly newIdentity?: boolean
  readonly accept?: string[]
}

export function addBackup(program: Command, act: Act): void {
  program
    .command('backup')
    .argument('[NAME...]', 'sources; all of the configuration when left out')
    .option('--full', 'copy everything again, as if the vault held nothing')
    .option('--new-identity', 'let another system take the place of the recorded one')
    .option(
      '--accept <ENTITY>',
      'let this entity of files be much shorter, of another shape or gone; may be repeated',
      collect,
    )
    .description('Capture sources: a snapshot first, then only what changed.')
    .action(act(runBackups))
}

/** Each source commits alone; the first failure is the exit status, after all have been tried. */
async function runBackups(shell: Shell, names: string[], options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const load = () => import('#app/back-up-source')
  output.beginLines()
  const { sources } = await context.readConfig()
  const vault = await context.openVault(signal, { meanwhile: load })
  const { backUpSource, concludeBackups } = await load()
  const failures: unknown[] = []
  const wanted = names.length > 0 ? names : Object.keys(sources)
  for (const source of wanted) {
    const request = {
      source,
      isFull: options.full ?? false,
      isNewIdentityAllowed: options.newIdentity ?? false,
      accepted: options.accept ?? [],
    }
    try {
      const summary = await backUpSource(context, vault, request, signal)
      for (const warning of listWarnings(source, summary)) output.warning(warning)
      output.summary(formatSummary(source, summary), () => describeSummary(source, summary))
    } catch (error) {
      signal.throwIfAborted()
      // The first failure ends the command; the others are said before that.
      failures.push(error)
    }
  }
  // Where nothing was backed up there is nothing to repeat, and perhaps a reason not to write.
  if (failures.length < wanted.length) {
    await concludeBackups(context, vault, signal).catch((error: unknown) => failures.push(error))
  }
  for (const error of failures.slice(1)) if (isAppError(error)) output.warning(error)
  if (failures.length > 0) throw failures[0]
}

/** Leaving a table out is the operator's right; that it looks like a deletion has to be said once. */
function listWarnings(source: string, { noLongerCovered, seq }: BackUpSummary) {
  return noLongerCovered.map((entity) => ({
    code: 'capture.no-longer-covered',
    message: `${entity} is there and no longer covered: without it, ${source}@${seq} reads as if its records were deleted`,
  }))
}

function formatSummary(source: string, summary: BackUpSummary) {
  const { bytesStored, cut, durationMs, entities, seq } = summary
  return {
    type: 'summary',
    source,
    point: `${source}@${seq}`,
    cut: { time: cut.time, position: cut.position },
    entities: entities.map(({ deleted, entity, fingerprint, inserted, rows, updated }) => {
      return { entity, rows, inserted, updated, deleted, fingerprint }
    }),
    bytesStored,
    durationMs,
  }
}

function describeSummary(source: string, summary: BackUpSummary): string {
  const { bytesStored, cut, durationMs, entities, seq } = summary
  const rows = entities.map((one) => [
    one.entity,
    formatCount(one.rows),
    formatCount(one.inserted),
    formatCount(one.updated),
    formatCount(one.deleted),
  ])
  const right = ['ROWS', 'INSERTED', 'UPDATED', 'DELETED'].map((title) => {
    return { title, align: 'right' as const }
  })
  const head = `${source}@${seq}  ${formatTime(cut.time)}  ${formatBytes(bytesStored)} stored  ${formatDuration(durationMs)}\n`
  return head + formatTable([{ title: 'ENTITY' }, ...right], rows)
}
