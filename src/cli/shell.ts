import type { Context } from '#app/context'
import type { ProcessSettings } from '#config/read-process-settings'
import type { Confirmation } from './confirm.ts'
import type { Output } from './output.ts'

/** What a command is given. */
export type Shell = {
  /** Holdfast's own. */
  readonly version: string
  /** The folder of the command `holdfast`: in a clone it is not on the PATH. */
  readonly binFolder: string
  readonly settings: ProcessSettings
  readonly output: Output
  readonly context: Context
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal
  confirm(confirmation: Confirmation): Promise<void>
  /** Runs another command line as this person would, with more environment, and keeps what it prints. */
  runInside(
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<InsideRun>
}

export type InsideRun = { readonly exit: number; readonly stdout: string; readonly stderr: string }

/** The exit status of a command that ended without failure; nothing said is 0. */
export type Done = Promise<number | undefined>

/**
 * Turns what a command does into what commander calls: a shell first, then the arguments and options
 * that the command declared. A command file declares, loads its operation late, and prints:
 *
 *     export function addPoints(program: Command, act: Act): void {
 *       program
 *         .command('points')
 *         .argument('[NAME]')
 *         .description('...')
 *         .action(act(async ({ context, output, signal }, name: string | undefined) => {
 *           const load = () => import('#app/list-points')
 *           const vault = await context.openVault(signal, { meanwhile: load })
 *           const { listPoints } = await load()
 *           const points = await listPoints(vault, name, signal)
 *           await output.answer(points, () => formatTable(...))
 *         }))
 *     }
 */
export type Act = <Args extends unknown[]>(
  run: (shell: Shell, ...args: Args) => Done,
) => (...args: Args) => Promise<void>
