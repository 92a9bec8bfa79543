import { freeFolder } from '#demo/free-folder'
import { type CommandResult, type DemoOutcome, runDemo } from '#demo/run-demo'
import { AppError } from '#stdx/app-error'
import type { Context } from './context.ts'

export type TriedDemo = DemoOutcome

/** A folder that is not there yet. */
export function chooseDemoFolder(base: string): string {
  return freeFolder(base)
}

export type TryDemoRequest = {
  readonly folder: string
  readonly seed: string
  readonly customers: string
  /** Holdfast's own. */
  readonly version: string
  run(argv: readonly string[]): Promise<CommandResult & { readonly stderr: string }>
  say(line: string): void
}

const CUSTOMERS_MIN = 100
const CUSTOMERS_MAX = 100_000
/** What commands of the demo end with when nothing is wrong: done, and differences found. */
const EXPECTED_EXITS = [0, 4]

/** Runs the demo. @throws app.demo-failed with what the failing command said */
export async function tryDemo(
  deps: Pick<Context, 'clock' | 'random'>,
  { customers, folder, run, say, seed, version }: TryDemoRequest,
): Promise<TriedDemo> {
  const customerCount = Number(customers)
  const isCount = Number.isInteger(customerCount)
  if (!isCount || customerCount < CUSTOMERS_MIN || customerCount > CUSTOMERS_MAX) {
    const message = `Cannot run the demo with "${customers}" customers: need ${CUSTOMERS_MIN} to ${CUSTOMERS_MAX}`
    throw new AppError('app.demo-size', message)
  }
  const demoDeps = {
    clock: deps.clock,
    random: deps.random,
    version,
    say,
    run: async (argv: readonly string[]) => {
      const result = await run(argv)
      if (EXPECTED_EXITS.includes(result.exit)) return result
      const message = `Cannot go on with the demo: holdfast ${argv.join(' ')} ended with ${result.exit}: ${result.stderr.trim()}`
      throw new AppError('app.demo-failed', message)
    },
  }
  return await runDemo(demoDeps, folder, { seed, customerCount })
}
