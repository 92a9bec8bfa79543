import type { Command } from 'commander'
import type { ListedLine } from '#app/list-crosswalk'
import { csvLine } from '#stdx/csv'
import { formatCount } from '../format-amounts.ts'
import type { Act } from '../shell.ts'
import { visible } from '../text-width.ts'

type Options = { readonly all?: boolean; readonly csv?: boolean }

export function addCrosswalk(program: Command, act: Act): void {
  program
    .command('crosswalk')
    .argument('<TARGET>')
    .option('--all', 'also what counts no more: undone, never written, or replaced')
    .option('--csv', 'as CSV, for who matches keys elsewhere')
    .description('List which records a target was given under keys of its own.')
    .action(
      act(async ({ context, output, signal }, target: string, { all = false, csv }: Options) => {
        const load = () => import('#app/list-crosswalk')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { listCrosswalk } = await load()
        if (csv === true) await output.data(csvLine([...COLUMNS]))
        else output.beginLines()
        let count = 0
        for await (const line of listCrosswalk(context, vault, { target, isAll: all }, signal)) {
          count += 1
          if (csv === true) await output.data(csvLine(COLUMNS.map((name) => line[name])))
          else await output.item({ type: 'line', ...line }, () => describe(line))
        }
        output.note(`${formatCount(count)} ${count === 1 ? 'record' : 'records'}`)
        return undefined
      }),
    )
}

const COLUMNS = [
  'source',
  'entity',
  'key',
  'targetEntity',
  'targetKey',
  'restore',
  'time',
  'state',
] as const satisfies readonly (keyof ListedLine)[]

function describe(line: ListedLine): string {
  const { entity, key, restore, source, state, targetEntity, targetKey } = line
  const from = visible(`${source} ${entity}:${key}`)
  const worth = state === 'written' ? '' : `  ${state}`
  return `${from}  ${visible(`${targetEntity}:${targetKey}`)}  restore ${restore}${worth}\n`
}
