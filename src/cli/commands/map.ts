import type { Command } from 'commander'
import type { MapCheckAnswer, MapLinkAnswer } from '#app/check-map'
import type { DiscoveredMap } from '#app/discover-map'
import type { FittedMap } from '#app/fit-map-packs'
import { formatCount } from '../format-amounts.ts'
import { formatAt } from '../format-at.ts'
import { formatTable } from '../format-table.ts'
import type { Output } from '../output.ts'
import type { Act } from '../shell.ts'
import { refuseExisting, writeNewFile } from '../text-file.ts'
import { visible } from '../text-width.ts'
import { warnUnproven } from '../warn-unproven.ts'

const DIFFERS = 4

export function addMap(program: Command, act: Act): void {
  const map = program
    .command('map')
    .helpCommand(false)
    .description('The customer map: which entities make up a customer, over all systems.')
  addDiscoverMap(map, act)
  addPackMap(map, act)
  addCheckMap(map, act)
}

type DiscoverOptions = { readonly at?: readonly string[]; readonly out?: string }

function addDiscoverMap(map: Command, act: Act): void {
  map
    .command('discover')
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--out <FILE>', 'write it into a new file instead of printing it')
    .description('Propose a customer map from constraints, names and data, with reasons.')
    .action(
      act(async ({ context, output, signal }, options: DiscoverOptions) => {
        if (options.out !== undefined) refuseExisting(options.out)
        const load = () => import('#app/discover-map')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { discoverCustomerMap } = await load()
        const found = await discoverCustomerMap(context, vault, options.at ?? [], signal)
        if (options.out !== undefined) await writeNewFile(options.out, found.text, context.random)
        await output.answer(found, () => (options.out === undefined ? found.text : describe(found)))
      }),
    )
}

function describe({ check, entities, leftOut, links, maybes }: DiscoveredMap): string {
  const counts = `${formatCount(entities)} entities, ${formatCount(links)} links`
  const open = `${formatCount(maybes)} for you to decide, ${formatCount(leftOut)} entities left out`
  return `${counts}; ${open}. The check says: ${check.verdict}.\n`
}

function addPackMap(map: Command, act: Act): void {
  map
    .command('pack')
    .argument('<SOURCE=PACK...>', 'like erp=odoo crm=suitecrm; also erpnext, dolibarr')
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--out <FILE>', 'write it into a new file instead of printing it')
    .description('Write the customer map of well-known systems, fitted to what is backed up.')
    .action(
      act(async ({ context, output, signal }, wanted: string[], options: DiscoverOptions) => {
        if (options.out !== undefined) refuseExisting(options.out)
        const load = () => import('#app/fit-map-packs')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { fitMapPacks } = await load()
        const fitted = await fitMapPacks(vault, { wanted, at: options.at ?? [] }, signal)
        if (options.out !== undefined) await writeNewFile(options.out, fitted.text, context.random)
        await output.answer(fitted, () => {
          return options.out === undefined ? fitted.text : describeFitted(fitted)
        })
      }),
    )
}

function describeFitted({ sources }: FittedMap): string {
  const lines = sources.flatMap(({ entities, lacking, links, pack, point }) => {
    const counts = `${formatCount(entities)} entities, ${formatCount(links)} links`
    const missing = lacking.map((name) => `  not at ${point}: ${visible(name)}`)
    return [`${point} as ${pack}: ${counts}.`, ...missing]
  })
  return `${lines.join('\n')}\nSay \`holdfast map check\` to see whether it is true of your data.\n`
}

type CheckOptions = {
  readonly file?: string
  readonly at?: readonly string[]
  readonly store?: boolean
}

function addCheckMap(map: Command, act: Act): void {
  map
    .command('check')
    .option('--file <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--store', 'keep the map in the vault, unless it names what is not there')
    .description('Say whether the customer map is true of the vault: names, links, coverage.')
    .action(
      act(async ({ context, output, signal }, options: CheckOptions) => {
        const load = () => import('#app/check-map')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { checkCustomerMap } = await load()
        const { at = [], file, store = false } = options
        const request = { at, file, isToBeStored: store }
        const answer = await checkCustomerMap(context, vault, request, signal)
        warnUnproven(output, answer)
        await output.answer(answer, () => formatMapCheck(answer, output))
        return answer.verdict === 'clean' ? 0 : DIFFERS
      }),
    )
}

function formatMapCheck(answer: MapCheckAnswer, { paint }: Output): string {
  const { coverage, links, map, points, problems, unmapped, verdict } = answer
  const faulty = links.filter(({ isFaulty }) => isFaulty)
  const lines = [
    ...problems.map(({ line, problem }) => `${paint.red(`line ${line}:`)} ${visible(problem)}`),
    ...faulty.flatMap((link) => describeFault(link, paint)),
    ...unmapped.map(({ entity, rows, source }) => {
      return `${paint.yellow('not in the map:')} ${source} ${visible(entity)}, ${formatCount(rows)} rows`
    }),
    ...answer.shared.map(({ by, entity, field, parties, source, value }) => {
      const where = visible(`${source} ${entity} (${field})`)
      return `${paint.yellow('shared:')} ${formatCount(parties)} parties of ${where} have the ${by} "${visible(value)}"`
    }),
    `${formatCount(links.length - faulty.length)} of ${formatCount(links.length)} links hold for every record at ${formatAt(points)}.`,
    `${formatCount(coverage.entitiesMapped)} of ${formatCount(coverage.entities)} entities are in the map; ${formatCount(coverage.rowsReached)} of ${formatCount(coverage.rows)} records are reached from a customer or supplier.`,
    verdict === 'clean' ? paint.green(`${map} is clean.`) : paint.red(`${map} differs.`),
    ...(answer.isStored ? ['It is kept in the vault.'] : []),
  ]
  return `${formatEntities(answer)}\n${lines.join('\n')}\n`
}

function formatEntities({ entities }: MapCheckAnswer): string {
  const right = (title: string) => ({ title, align: 'right' as const })
  const columns = [{ title: 'SOURCE' }, { title: 'ENTITY' }, { title: 'ROLE' }]
  const counts = ['ROWS', 'REACHED', 'ALONE'].map(right)
  return formatTable(
    [...columns, ...counts],
    entities.map(({ alone, entity, reached, role, rows, source }) => {
      const known = alone === null ? '' : formatCount(alone)
      return [source, entity, role, formatCount(rows), formatCount(reached), known]
    }),
  )
}

function describeFault(
  { ambiguous, entity, examples, fields, line, orphans, pointing, source, to }: MapLinkAnswer,
  paint: Output['paint'],
): string[] {
  const place = visible(`${source} ${entity} (${fields.join(', ')})`)
  const there = visible(`${to.source} ${to.entity}`)
  const at = paint.red(`line ${line}:`)
  const found: string[] = []
  if (orphans > 0) {
    const count = `${formatCount(orphans)} of ${formatCount(pointing)}`
    found.push(`${at} ${place}: ${count} name no ${there}, such as ${visible(examples.join('; '))}`)
  }
  if (ambiguous > 0) {
    const what = `${formatCount(ambiguous)} of ${there} share their ${visible(to.fields.join(', '))}`
    found.push(`${at} ${place}: ${what}, so that nobody knows which is meant`)
  }
  return found
}
