import type { Clock } from '#stdx/clock'
import { DEMO_SYSTEMS, type DemoSystem } from './demo-files.ts'
import type {
  DiffLine,
  EntityAnswer,
  ReceivablesAnswer,
  ReportChanges,
  ReportCommand,
  ReportPoint,
  ReportRestore,
  VerifyAnswer,
} from './demo-report-model.ts'

export type CommandResult = { readonly exit: number; readonly stdout: string }

export type DemoSessionDeps = {
  readonly clock: Clock
  /** Runs a command of Holdfast as a person would, inside the demo's folder. */
  readonly run: (argv: readonly string[]) => Promise<CommandResult>
  /** Told what happens, a line each. */
  readonly say: (line: string) => void
}

/** The last line of `backup --json` for a source. */
type BackupSummary = Pick<ReportPoint, 'source' | 'point' | 'bytesStored'> & {
  readonly entities: readonly BackupEntity[]
}
type BackupEntity = {
  readonly rows: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

/** Of one point, as `points --json` says it. */
type PointAnswer = { readonly point: string; readonly cut: { readonly time: string } }

/** What one target got back, as `restore --json` says it. */
type CustomerRestored = Pick<ReportRestore, 'point' | 'inserted' | 'updated' | 'skipped'> & {
  readonly target: string
}

/** Runs commands, remembers them, and reads their answers. */
export class DemoSession {
  readonly #deps: DemoSessionDeps
  readonly commands: ReportCommand[] = []

  constructor(deps: DemoSessionDeps) {
    this.#deps = deps
  }

  /**
   * @param says why it is run; without it the command is not shown
   * @param unseen words that are passed and not shown
   */
  async run(
    argv: readonly string[],
    says?: string,
    unseen: readonly string[] = [],
  ): Promise<string> {
    const startedAtMs = this.#deps.clock.nowMs()
    const { exit, stdout } = await this.#deps.run([...argv, ...unseen])
    const durationMs = this.#deps.clock.nowMs() - startedAtMs
    if (says === undefined) return stdout
    const command = ['holdfast', ...argv.filter((word) => word !== '--json')].map(quote).join(' ')
    this.commands.push({ command, says, exit, durationMs })
    this.#deps.say(`  $ ${command}`)
    return stdout
  }

  /** The one document that a command answers with; lines of progress stand before it. */
  async answer<T>(
    argv: readonly string[],
    says?: string,
    unseen: readonly string[] = [],
  ): Promise<T> {
    const lines = (await this.run([...argv, '--json'], says, unseen)).split('\n')
    return JSON.parse(lines.filter((line) => !line.startsWith('{"type":')).join('\n')) as T
  }

  /** Backs all systems up and returns the point of each. */
  async backup(says: string): Promise<ReportPoint[]> {
    const text = await this.run(['backup', '--json'], says)
    const lines = text.split('\n').filter((line) => line.startsWith('{"type":"summary"'))
    return lines.map((line) => {
      const { source, point, bytesStored, entities } = JSON.parse(line) as BackupSummary
      const sum = (count: (entity: BackupEntity) => number) =>
        entities.reduce((total, entity) => total + count(entity), 0)
      return {
        source,
        point,
        bytesStored,
        rows: sum(({ rows }) => rows),
        changes: sum(({ inserted, updated, deleted }) => inserted + updated + deleted),
      }
    })
  }

  async diff(source: DemoSystem): Promise<ReportChanges> {
    const [from, to] = [`${source}@2`, `${source}@3`]
    const text = await this.run(['diff', from, to, '--json'], `What happened in ${source}?`)
    const lines = text.split('\n').filter((line) => line.startsWith('{"entity"'))
    return { source, from, to, lines: lines.map((line) => JSON.parse(line) as DiffLine) }
  }

  async restore(source: string): Promise<ReportRestore> {
    const target = `${source}-live`
    const argv = ['restore', `${source}@2`, '--to', target, '--delete-added', '--confirm', target]
    const text = await this.run([...argv, '--json'], `Put ${source} back to the good point`)
    const last = text.trimEnd().split('\n').at(-1) ?? '{}'
    const summary = JSON.parse(last) as Omit<ReportRestore, 'source' | 'point'>
    return { ...summary, source, point: `${source}@2` }
  }

  /**
   * Puts one customer back in all systems by one command, as they were side by side when the last of
   * them was captured.
   * @param id its number in one of them
   */
  async restoreCustomer(id: string, seq: string): Promise<CustomerRestored[]> {
    const points = await this.answer<readonly PointAnswer[]>(['points'])
    const at = points.filter(({ point }) => point.endsWith(`@${seq}`)).map(({ cut }) => cut.time)
    const targets = DEMO_SYSTEMS.flatMap((name) => ['--to', `${name}=${name}-live`])
    const confirmed = DEMO_SYSTEMS.flatMap((name) => ['--confirm', `${name}-live`])
    const argv = ['restore', `@${at.sort().at(-1)}`, '--customer', id, ...targets, ...confirmed]
    const says = 'Put one customer back in all three systems, with everything attached'
    const text = await this.run([...argv, '--json'], says)
    const lines = text.split('\n').filter((line) => line.startsWith('{"type":"summary"'))
    return lines.map((line) => JSON.parse(line) as CustomerRestored)
  }

  async entities(seq: string): Promise<Record<DemoSystem, readonly EntityAnswer[]>> {
    return await bySystem((source) => this.answer(['entities', `${source}@${seq}`]))
  }

  /** @param page where the page of it goes */
  async receivables(seq: string, asOf: string, page: string): Promise<ReceivablesAnswer> {
    const argv = ['report', 'receivables', `billing@${seq}`, `erp@${seq}`, '--as-of', asOf]
    return await this.answer(argv, 'What do customers owe?', ['--html', page])
  }

  async verify(): Promise<Record<DemoSystem, VerifyAnswer>> {
    return await bySystem((source) =>
      this.answer(['verify', `${source}@2`, '--against', source], `Is ${source} what it was?`),
    )
  }
}

async function bySystem<T>(
  ask: (source: DemoSystem) => Promise<T>,
): Promise<Record<DemoSystem, T>> {
  return { crm: await ask('crm'), erp: await ask('erp'), billing: await ask('billing') }
}

/** As a person would type it into a shell. */
function quote(word: string): string {
  return /^[A-Za-z0-9_@.:/=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
