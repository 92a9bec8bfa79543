import { Command, Option } from 'commander'
import type { Flags } from '#config/read-process-settings'
import { environmentNameOf, flagOf, SETTING_NAMES, settingOf } from '#config/settings'
import { addBackup } from './commands/backup.ts'
import { addCheck } from './commands/check.ts'
import { addCollect } from './commands/collect.ts'
import { addCompact } from './commands/compact.ts'
import { addCrosswalk } from './commands/crosswalk.ts'
import { addCustomer } from './commands/customer.ts'
import { addCut } from './commands/cut.ts'
import { addDemo } from './commands/demo.ts'
import { addDiff } from './commands/diff.ts'
import { addDoctor } from './commands/doctor.ts'
import { addDrill } from './commands/drill.ts'
import { addEntities } from './commands/entities.ts'
import { addExpire } from './commands/expire.ts'
import { addExplain } from './commands/explain.ts'
import { addExport } from './commands/export.ts'
import { addFollow, addReconcile } from './commands/follow.ts'
import { addHistory } from './commands/history.ts'
import { addInit } from './commands/init.ts'
import { addKey } from './commands/key.ts'
import { addMap } from './commands/map.ts'
import { addHold, addLabel, addRelease } from './commands/mark.ts'
import { addPoints } from './commands/points.ts'
import { addRecover } from './commands/recover.ts'
import { addReplicate } from './commands/replicate.ts'
import { addReport } from './commands/report.ts'
import { addRestore } from './commands/restore.ts'
import { addShow } from './commands/show.ts'
import { addSource } from './commands/source.ts'
import { addStore } from './commands/store.ts'
import { addUndo } from './commands/undo.ts'
import { addVerify } from './commands/verify.ts'
import type { Act } from './shell.ts'

export type ProgramOptions = {
  readonly version: string
  readonly act: Act
  readonly writeOut: (text: string) => void
}

const ABOUT = 'Versioned, provable backup and restore of customer records in business systems.'
const AFTER_HELP = `
A POINT is erp@12, erp@latest, erp@LABEL, erp@2026-06-30T12:00:00Z; a KEY is 42 or "1000","0042".
\`holdfast explain CODE\` says what an error code means and what to do.`

/** Commands in the order of the help page. */
const COMMANDS: readonly ((program: Command, act: Act) => void)[] = [
  addInit,
  addRecover,
  addDoctor,
  addExplain,
  addSource,
  addBackup,
  addFollow,
  addReconcile,
  addCut,
  addPoints,
  addEntities,
  addShow,
  addHistory,
  addDiff,
  addExport,
  addMap,
  addCustomer,
  addReport,
  addRestore,
  addUndo,
  addCrosswalk,
  addDrill,
  addCheck,
  addVerify,
  addStore,
  addReplicate,
  addLabel,
  addHold,
  addRelease,
  addExpire,
  addCompact,
  addCollect,
  addKey,
  addDemo,
]

/** The command line: every command, every flag. It parses; what is done is up to `act`. */
export function buildProgram({ act, version, writeOut }: ProgramOptions): Command {
  const program = new Command('holdfast')
    .description(ABOUT)
    .version(version, '--version', 'Print the version.')
    .helpOption('-h, --help', 'Print help.')
    .helpCommand(false)
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    // Failures are reported like all others, by `runCli`.
    .configureOutput({ writeOut, writeErr: () => {}, outputError: () => {} })
  for (const option of globalOptions()) program.addOption(option)
  for (const addCommand of COMMANDS) addCommand(program, act)
  return program
}

/** Values of the global flags after parsing. */
export function readFlags(program: Command): Flags {
  const options = program.opts<Record<string, string | boolean | undefined>>()
  const entries = SETTING_NAMES.flatMap((name) => {
    // Commander keeps `--no-input` as `input: false`.
    const value = isNegative(name)
      ? options[positiveOf(name)] === false || undefined
      : options[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}

function globalOptions(): Option[] {
  return SETTING_NAMES.filter((name) => settingOf(name).in.includes('flag')).map((name) => {
    const { help, in: places, valueName } = settingOf(name)
    const inEnvironment = places.includes('environment') ? ` [${environmentNameOf(name)}]` : ''
    const value = valueName === undefined ? '' : ` <${valueName}>`
    return new Option(`${flagOf(name)}${value}`, `${help}${inEnvironment}`)
  })
}

function isNegative(name: string): boolean {
  return /^no[A-Z]/.test(name)
}

function positiveOf(name: string): string {
  return name.charAt(2).toLowerCase() + name.slice(3)
}
