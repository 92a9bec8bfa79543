import type { Command } from 'commander'
import type { CanaryAnswer, EntityAnswer, FeedAnswer, SourceAnswer } from '#app/check-source'
import { formatBytes, formatCount } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Output } from '../output.ts'
import type { Paint } from '../paint.ts'
import type { Act } from '../shell.ts'

export function addSource(program: Command, act: Act): void {
  const source = program
    .command('source')
    .helpCommand(false)
    .description('Look at sources and targets.')
  addList(source, act)
  addCheck(source, act)
  addDiscover(source, act)
}

function addList(source: Command, act: Act): void {
  source
    .command('list')
    .description('List the sources and targets of the configuration.')
    .action(
      act(async ({ context, output }) => {
        const { listSystems } = await import('#app/list-systems')
        const systems = await listSystems(context)
        await output.answer(systems, () => {
          if (systems.length === 0) return 'No sources yet. Add one under `sources:`.\n'
          const titles = [{ title: 'NAME' }, { title: 'ROLE' }, { title: 'CONNECTOR' }]
          const rows = systems.map(({ connector, name, problem, role }) => [
            name,
            role,
            connector,
            problem ?? '',
          ])
          return formatTable([...titles, { title: '' }], rows)
        })
      }),
    )
}

function addCheck(source: Command, act: Act): void {
  source
    .command('check')
    .argument('<NAME>', 'a source')
    .description('Connect, and say which entities are covered and which rights are missing.')
    .action(
      act(async ({ context, output, signal }, name: string) => {
        const { checkSource } = await import('#app/check-source')
        const answer = await checkSource(context, name, signal)
        await output.answer(answer, () => formatCheck(answer, output))
        return answer.verdict === 'ready' ? 0 : 1
      }),
    )
}

function formatCheck(answer: SourceAnswer, { paint }: Output): string {
  const covered = answer.entities.filter(({ isCovered }) => isCovered).length
  const { database, system } = answer.identity
  const rows = answer.rowsAbout === null ? '' : `, about ${formatCount(answer.rowsAbout)} rows`
  const lines = [
    `${answer.source}: ${answer.connector}, system ${system}, database ${database}`,
    `${covered} of ${answer.entities.length} entities are covered${rows}.`,
    ...answer.entities.flatMap(describeRemarks),
    ...answer.idle.map((glob) => `${paint.yellow('Matches nothing:')} ${glob} of \`include\``),
  ]
  if (answer.grants.length > 0) {
    lines.push(`${paint.red('Rights are missing.')} Run, or add the entities to \`exclude\`:`)
    lines.push(...answer.grants.map((grant) => `  ${grant}`))
  } else if (covered === 0) lines.push(paint.red('Nothing would be backed up.'))
  else lines.push(paint.green('Ready for `holdfast backup`.'))
  if (answer.feed !== null) lines.push(...formatFeed(answer.feed, paint))
  if (answer.canary !== null) lines.push(...formatCanary(answer.canary, paint))
  return `${lines.join('\n')}\n`
}

function formatFeed(feed: FeedAnswer, paint: Paint): string[] {
  const { findings, followed, isReady, name } = feed
  const titles = {
    blocks: paint.red('Blocks following:'),
    'not-followed': paint.yellow('Not followed:'),
    danger: paint.red('Danger:'),
    advice: 'Advice:',
  }
  const verdict = isReady
    ? paint.green(`Ready to be followed: ${formatCount(followed.length)} entities, feed ${name}.`)
    : paint.red(`Not ready to be followed as ${name}.`)
  return [
    ...findings.flatMap(({ costs, found, kind, means, remedy }) => [
      `${titles[kind]} ${found}. ${means}`,
      ...remedy.map((statement) => `  ${statement}`),
      ...(costs === null ? [] : [`  It costs: ${costs}`]),
    ]),
    ...describeHealth(feed),
    verdict,
  ]
}

function formatCanary({ problem, statements }: CanaryAnswer, paint: Paint): string[] {
  if (problem === null) return [paint.green('The canary is ready.')]
  const title = `${paint.red('No canary:')} ${problem}. An administrator runs, once:`
  return [title, ...statements.map((statement) => `  ${statement}`)]
}

/** Of a feed that was begun: who reads it, and what it costs the source. */
function describeHealth({ health, name }: FeedAnswer): string[] {
  if (health.state === 'missing') return []
  const { acknowledged, leftBytes, retainedBytes, retainedBytesMax, state } = health
  const reader = health.isOpen ? 'somebody follows it' : 'nobody follows it'
  const upTo = acknowledged === null ? '' : `, the vault holds all up to ${acknowledged}`
  const most = retainedBytesMax === null ? '' : ` of at most ${formatBytes(retainedBytesMax)}`
  const left = leftBytes === null ? '' : `, ${formatBytes(leftBytes)} until it is given up`
  const kept = `log kept for it: ${formatBytes(retainedBytes)}${most}${left}`
  return [`Feed ${name} is ${state}: ${reader}${upTo}; ${kept}.`]
}

function describeRemarks({ entity, isCovered, remarks }: EntityAnswer): string[] {
  return isCovered ? remarks.map((remark) => `${entity}: ${remark}`) : []
}

function addDiscover(source: Command, act: Act): void {
  source
    .command('discover')
    .argument('<NAME>', 'a source')
    .description('List every entity of a source, its key, and whether it is covered.')
    .action(
      act(async ({ context, output, signal }, name: string) => {
        const { checkSource } = await import('#app/check-source')
        const { entities } = await checkSource(context, name, signal)
        const remarks = entities.flatMap(describeRemarks).map((line) => `${line}\n`)
        const toText = () =>
          formatTable(
            [
              { title: 'ENTITY' },
              { title: 'COVERED' },
              { title: 'READABLE' },
              { title: 'FIELDS', align: 'right' },
              { title: 'KEY' },
            ],
            entities.map(({ entity, fields, isCovered, isReadable, key }) => [
              entity,
              isCovered ? 'yes' : 'no',
              isReadable ? 'yes' : 'no',
              String(fields),
              key.length === 0 ? 'none' : key.join(', '),
            ]),
          ) + remarks.join('')
        await output.answer(entities, toText)
      }),
    )
}
