import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { formatDuration } from '../format-amounts.ts'
import type { Act, Shell } from '../shell.ts'

const UNPROVEN = 6

export function addDemo(program: Command, act: Act): void {
  program
    .command('demo')
    .option(
      '--folder <FOLDER>',
      'a new folder for the demo; it stays (default: a free holdfast-demo)',
    )
    .option('--seed <TEXT>', 'equal seeds give equal data', 'holdfast')
    .option('--customers <COUNT>', 'how many customers the trading group has', '10000')
    .description('Back up, break, look back and restore three example systems; write a report.')
    .action(act(runDemoCommand))
}

type Options = { readonly folder?: string; readonly seed: string; readonly customers: string }

async function runDemoCommand(shell: Shell, options: Options): Promise<number> {
  const { binFolder, context, output, runInside, version } = shell
  const { chooseDemoFolder, tryDemo } = await import('#app/try-demo')
  const folder = resolve(options.folder ?? chooseDemoFolder('holdfast-demo'))
  const environment = {
    HOLDFAST_CONFIG: join(folder, 'holdfast.yaml'),
    HOLDFAST_PASSPHRASE_FILE: join(folder, 'passphrase'),
    HOLDFAST_STATE_DIR: join(folder, 'state'),
    // What the person has set for a vault of their own is not for this one.
    HOLDFAST_KEY_FILE: '',
    HOLDFAST_KEYRING: '',
    HOLDFAST_PASSPHRASE: '',
    HOLDFAST_PASSPHRASE_COMMAND: '',
    HOLDFAST_VAULT: '',
  }
  const outcome = await tryDemo(context, {
    folder,
    seed: options.seed,
    customers: options.customers,
    version,
    run: (argv) => runInside(argv, environment),
    say: output.note,
  })
  await output.answer(outcome, () =>
    [
      '',
      outcome.isProved
        ? `Proved in ${formatDuration(outcome.durationMs)}: every record is what it was.`
        : 'NOT proved: the report says where.',
      `The report: ${outcome.report}`,
      '',
      'Go on from here; the vault, its configuration and its passphrase are in the folder:',
      `  cd '${folder}'`,
      `  export PATH='${binFolder}':$PATH`,
      '  export HOLDFAST_PASSPHRASE_FILE=passphrase HOLDFAST_STATE_DIR=state',
      '  holdfast points',
      '',
    ].join('\n'),
  )
  return outcome.isProved ? 0 : UNPROVEN
}
