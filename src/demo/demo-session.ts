import type { Clock } from '#stdx/clock'
import type { DemoSystem } from './demo-files.ts'
import type {
  DiffLine,
  EntityAnswer,
  ReportChanges,
  ReportCommand,
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

/** Runs commands, remembers them, and reads their answers. */
export class DemoSession {
  readonly #deps: DemoSessionDeps
  readonly commands: ReportCommand[] = []

  constructor(deps: DemoSessionDeps) {
    this.#deps = deps
  }

  /** @param says why it is run; without it the command is not shown */
  async run(argv: readonly string[], says?: string): Promise<string> {
    const startedAtMs = this.#deps.clock.nowMs()
    const { exit, stdout } = await this.#deps.run(argv)
    const durationMs = this.#deps.clock.nowMs() - startedAtMs
    if (says === undefined) return stdout
    const command = ['holdfast', ...argv].map(quote).join(' ')
    this.commands.push({ command, says, exit, durationMs })
    this.#deps.say(`  $ ${command}`)
    return stdout
  }

  async answer<T>(argv: readonly string[], says?: string): Promise<T> {
    return JSON.parse(await this.run([...argv, '--json'], says)) as T
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

  async entities(seq: string): Promise<Record<DemoSystem, readonly EntityAnswer[]>> {
    return await bySystem((source) => this.answer(['entities', `${source}@${seq}`]))
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
