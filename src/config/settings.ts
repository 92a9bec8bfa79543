import * as z from 'zod'

/**
 * Every setting of the process, defined once: its name gives the flag (`--state-dir`), the
 * environment name (`HOLDFAST_STATE_DIR`) and the key of the file (`stateDir`), as far as `in` says
 * it may stand there. What a source or a target has is in `file-schema.ts`. Precedence: flag,
 * environment, file, default.
 */
export type Setting = {
  readonly type: z.ZodType<string | boolean>
  readonly in: readonly ('flag' | 'environment' | 'file')[]
  readonly help: string
  /** How the value is called in help texts; `undefined`: the setting is a switch. */
  readonly valueName?: string
  /** What applies when nothing is said, in words. */
  readonly default: string
  /** For the few that follow a convention older than Holdfast. */
  readonly environmentName?: string
}

const path = z.string().min(1)
const word = z.enum(['1', 'true', 'yes', '0', 'false', 'no'])
const toggle = z.union(
  [z.boolean(), word.transform((text) => /^(1|true|yes)$/.test(text))],
  'yes or no',
)

const HTTP_URL = /^https?:\/\/[^/?#@]+\/?$/
const OBJECT_LOCK = /^(governance|compliance):([1-9][0-9]{0,4})d$/

export const SETTINGS = {
  config: {
    type: path,
    in: ['flag', 'environment'],
    valueName: 'FILE',
    help: 'The configuration file.',
    default: './holdfast.yaml',
  },
  vault: {
    type: path,
    in: ['flag', 'environment', 'file'],
    valueName: 'PLACE',
    help: 'Where the vault is: a folder, or s3://bucket/prefix.',
    default: 'none; needed by every command that opens the vault',
  },
  keyring: {
    type: path,
    in: ['flag', 'environment', 'file'],
    valueName: 'PLACE',
    help: 'Where the keyring of the vault is: a folder, or s3://bucket/prefix.',
    default: 'the folder `keyring` in the vault',
  },
  s3Endpoint: {
    type: z.string().regex(HTTP_URL, 'a URL like https://s3.example.com'),
    in: ['environment', 'file'],
    valueName: 'URL',
    help: 'Where the S3 store answers, if it is not that of Amazon.',
    default: 'Amazon S3',
  },
  s3Region: {
    type: z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'a name like eu-central-1'),
    in: ['environment', 'file'],
    valueName: 'NAME',
    help: 'The region of the bucket.',
    default: 'AWS_REGION; us-east-1 with an endpoint',
  },
  s3Profile: {
    type: z
      .string()
      .regex(/^[A-Za-z0-9._@-]{1,100}$/, 'a name of letters, digits, dots and dashes'),
    in: ['environment', 'file'],
    valueName: 'NAME',
    help: 'Which profile of ~/.aws/credentials is used.',
    default: 'AWS_PROFILE, where AWS_ACCESS_KEY_ID is not set',
  },
  s3PathStyle: {
    type: toggle,
    in: ['environment', 'file'],
    help: 'Name the bucket in the path, not in the host name.',
    default: 'yes with an endpoint, else no',
  },
  s3ObjectLock: {
    type: z.string().regex(OBJECT_LOCK, 'governance:DAYSd or compliance:DAYSd'),
    in: ['environment', 'file'],
    valueName: 'MODE:DAYSd',
    help: 'For how long nobody can delete a new object of the vault, like governance:30d; the keyring is not locked.',
    default: 'no lock',
  },
  stateDir: {
    type: path,
    in: ['environment', 'file'],
    valueName: 'FOLDER',
    help: 'Where the newest heads seen are remembered, so that a rolled-back vault is noticed.',
    default: '$XDG_STATE_HOME/holdfast, else ~/.local/state/holdfast',
  },
  tempDir: {
    type: path,
    in: ['environment', 'file'],
    valueName: 'FOLDER',
    help: 'Where sorting and restoring may put sealed temporary files.',
    default: '$TMPDIR, else /tmp',
  },
  indexMegabytes: {
    type: z.string().regex(/^[0-9]{1,7}$/, 'a number of megabytes'),
    in: ['environment'],
    valueName: 'NUMBER',
    help: 'How large the sealed index for customers in the state folder may become; 0 for none.',
    default: '4096',
  },
  keyFile: {
    type: path,
    in: ['environment'],
    valueName: 'FILE',
    help: 'Credential file of a role, instead of a passphrase.',
    default: 'none',
  },
  slot: {
    type: path,
    in: ['flag', 'environment'],
    valueName: 'FILE',
    help: 'The recovery slot that the passphrase opens, once keys were split.',
    default: 'the slots in the keyring',
  },
  passphrase: {
    type: z.string().min(1),
    in: ['environment'],
    valueName: 'TEXT',
    help: 'The passphrase of the vault (secret).',
    default: 'asked for in a terminal',
  },
  passphraseFile: {
    type: path,
    in: ['environment'],
    valueName: 'FILE',
    help: 'A file whose first line is the passphrase.',
    default: 'none',
  },
  passphraseCommand: {
    type: z.string().min(1),
    in: ['environment'],
    valueName: 'COMMAND',
    help: 'A shell command that prints the passphrase.',
    default: 'none',
  },
  json: {
    type: toggle,
    in: ['flag'],
    help: 'Print JSON: one document for an answer, JSON Lines for a long run.',
    default: 'off',
  },
  quiet: {
    type: toggle,
    in: ['flag', 'environment'],
    help: 'Print no progress and no notes.',
    default: 'off',
  },
  noInput: {
    type: toggle,
    in: ['flag', 'environment'],
    help: 'Never ask; fail where a question would be needed.',
    default: 'off',
  },
  yes: {
    type: toggle,
    in: ['flag'],
    help: 'Answer yes where an empty target is about to be written.',
    default: 'off',
  },
  noColor: {
    type: toggle,
    in: ['flag', 'environment'],
    environmentName: 'NO_COLOR',
    help: 'Print without colours.',
    default: 'off; always without colours when the output is no terminal',
  },
  debug: {
    type: toggle,
    in: ['environment'],
    help: 'Print the stack of an unexpected failure.',
    default: 'off',
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName)

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}

/** The definition of a setting, without the literal types of the table. */
export function settingOf(name: SettingName): Setting {
  return SETTINGS[name]
}

/** `stateDir` is `HOLDFAST_STATE_DIR` in the environment. */
export function environmentNameOf(name: SettingName): string {
  return settingOf(name).environmentName ?? `HOLDFAST_${splitWords(name).join('_').toUpperCase()}`
}

/** `noInput` is `--no-input` on the command line. */
export function flagOf(name: SettingName): string {
  return `--${splitWords(name).join('-').toLowerCase()}`
}

function splitWords(name: string): string[] {
  return name.split(/(?=[A-Z])/)
}

/** The parts of a value of `s3ObjectLock`. */
export function parseObjectLock(text: string): {
  readonly mode: 'governance' | 'compliance'
  readonly days: number
} {
  const [, mode, days] = OBJECT_LOCK.exec(text) ?? []
  return { mode: mode === 'compliance' ? 'compliance' : 'governance', days: Number(days) }
}
