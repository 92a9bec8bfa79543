import type { Command } from 'commander'
import type { PlaceAnswer } from '#app/check-place'
import { formatTable } from '../format-table.ts'
import type { Output } from '../output.ts'
import type { Act } from '../shell.ts'

const STORE_UNFIT = 20

export function addStore(program: Command, act: Act): void {
  const store = program
    .command('store')
    .helpCommand(false)
    .description('Look at the places where a vault may be.')
  store
    .command('check')
    .argument('<PLACE>', 'a folder, or s3://bucket/prefix')
    .description('Try, in a folder of its own there, whether a place keeps what a vault needs.')
    .action(
      act(async ({ context, output, signal }, place: string) => {
        const { checkPlace } = await import('#app/check-place')
        const answer = await checkPlace(context, place, signal)
        await output.answer(answer, () => formatAnswer(answer, output))
        return answer.verdict === 'fit' ? 0 : STORE_UNFIT
      }),
    )
}

function formatAnswer(
  { left, properties, store, verdict }: PlaceAnswer,
  { paint }: Output,
): string {
  const rows = properties.map(({ found, means, property, verdict: one }) => [
    property,
    one === 'ok' ? paint.green('ok') : one === 'failed' ? paint.red('failed') : 'skipped',
    found === '' ? means : `${means} Found: ${found}`,
  ])
  const table = formatTable([{ title: 'PROPERTY' }, { title: 'VERDICT' }, { title: '' }], rows)
  const kept =
    left.objects === 0
      ? ''
      : `${left.objects} objects of this check stay in ${left.folder}: they could not be deleted.\n`
  const end =
    verdict === 'fit'
      ? `${store} is fit for a vault.\n`
      : `${store} is not fit for a vault: do not keep one there.\n`
  return `${table}${kept}${end}`
}
