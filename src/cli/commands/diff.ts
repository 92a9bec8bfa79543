import type { Command } from 'commander'
import type { TaggedDiffItem } from '#app/tag-restores'
import type { Provenness } from '#app/unproven'
import { collect } from '../collect.ts'
import { formatCount } from '../format-amounts.ts'
import { formatChanged, formatLines } from '../format-fields.ts'
import type { Act, Shell } from '../shell.ts'
import { visible } from '../text-width.ts'
import { warnUnproven } from '../warn-unproven.ts'

const DIFFERENCES_FOUND = 4

export function addDiff(program: Command, act: Act): void {
  program
    .command('diff')
    .argument('<POINT>')
    .argument('<POINT>', 'a point of the same source, or NAME@live')
    .option('--entity <ENTITY>', 'only this entity; may be repeated', collect)
    .description('List what changed between two points, or between a point and the living system.')
    .action(act(runDiff))
}

/** Streams: nothing is held back until the end. */
async function runDiff(
  { context, output, signal }: Shell,
  left: string,
  right: string,
  options: { readonly entity?: string[] },
): Promise<number> {
  const load = () => import('#app/diff-points')
  output.beginLines()
  const vault = await context.openVault(signal, { meanwhile: load })
  const { diffPoints } = await load()
  const { tagDiff } = await import('#app/tag-restores')
  let proven: Pick<Provenness, 'proven'> = {}
  const onProvenness = (found: Provenness) => {
    warnUnproven(output, found)
    if (found.proven === false) proven = { proven: false }
  }
  const request = { left, right, entities: options.entity ?? [], onProvenness }
  const counts = { inserted: 0, updated: 0, deleted: 0 }
  const told = diffPoints(context, vault, request, signal)
  for await (const items of tagDiff(context, vault, { items: told, request }, signal)) {
    for (const item of items) {
      if (item.type === 'change') counts[COUNTED[item.op]] += 1
    }
    // One write for a whole list: a line each would cost more than finding the differences.
    await output.data(items.map((item) => (output.isJson ? toLine(item) : describe(item))).join(''))
  }
  const total = counts.inserted + counts.updated + counts.deleted
  await output.item({ type: 'summary', left, right, ...counts, ...proven }, () =>
    total === 0
      ? 'No differences\n'
      : `${formatCount(counts.inserted)} inserted, ${formatCount(counts.updated)} updated, ${formatCount(counts.deleted)} deleted\n`,
  )
  return total === 0 ? 0 : DIFFERENCES_FOUND
}

const COUNTED = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const

function toLine(item: TaggedDiffItem): string {
  if (item.type !== 'change') return `${JSON.stringify(item)}\n`
  const { after, before, entity, key, op, restore } = item
  const fields = { before: before ?? {}, after: after ?? {} }
  return `${JSON.stringify({ entity, key, op, ...fields, ...(restore !== undefined && { restore }) })}\n`
}

function describe(item: TaggedDiffItem): string {
  if (item.type === 'left-out') return `? ${item.entity} was left out at one of the points\n`
  if (item.type === 'schema') {
    const added = item.fieldsAdded.map((name) => `    + field ${visible(name)}\n`)
    const dropped = item.fieldsDropped.map((name) => `    - field ${visible(name)}\n`)
    return `~ ${visible(item.entity)} has another shape\n${[...added, ...dropped].join('')}`
  }
  const { after, before, restore } = item
  const from = restore === undefined ? '' : `  restore ${restore}`
  const record = `${visible(`${item.entity}:${item.key}`)}${from}`
  if (before !== null && after !== null) return `~ ${record}\n${formatChanged(before, after)}`
  const sign = before === null ? '+' : '-'
  return `${sign} ${record}\n${formatLines(before ?? after ?? {})}`
}
