import type { ErrorSpec } from '#stdx/app-error'

export const CONFIG_ERRORS = {
  'config.not-found': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast init` in this folder to begin, run in the folder that holds holdfast.yaml, or name the file with --config or HOLDFAST_CONFIG. On an empty machine `holdfast recover --vault PATH` writes one from the vault.',
  },
  'config.unreadable': {
    status: 500,
    exit: 2,
    retry: 'after-fix',
    help: 'Make the configuration file readable for the account that runs Holdfast, or name another one with --config.',
  },
  'config.invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct every line named. docs/reference/settings.md lists all settings; a line `# yaml-language-server: $schema=...` with docs/reference/holdfast.schema.json lets an editor complete and check them.',
  },
  'config.place-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'A place is a folder, or s3://bucket/prefix with parameters after a question mark: endpoint, region, profile, pathStyle, objectLock (docs/guides/s3.md). Credentials come from the environment, never from a place.',
  },
  'config.variable-missing': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Set the environment variable named and run the command again. A literal dollar sign before a brace is written $$.',
  },
  'config.name-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast source list` prints the sources and targets of the configuration. A restore writes only to what stands under `targets:`; a source is never silently a target.',
  },
  'config.exists': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was written. Move the existing file away or choose another with --config; to replace it, add --confirm with the name of the file.',
  },
  'config.not-writable': {
    status: 500,
    exit: 1,
    retry: 'after-fix',
    help: 'Make the folder writable for the account that runs Holdfast and check the free space, then run the command again.',
  },
  'config.passphrase-missing': {
    status: 401,
    exit: 12,
    retry: 'after-fix',
    help: 'Set one of HOLDFAST_PASSPHRASE, HOLDFAST_PASSPHRASE_FILE (its first line) and HOLDFAST_PASSPHRASE_COMMAND (what it prints), or HOLDFAST_KEY_FILE, or run in a terminal and type the passphrase. It is never a flag, because other users of the machine can read those.',
  },
  'config.passphrase-unreadable': {
    status: 401,
    exit: 12,
    retry: 'after-fix',
    help: 'Check that the file named exists and is readable, or that the command named runs by itself and prints the passphrase. Nothing was read or written in the vault.',
  },
  'config.passphrase-mismatch': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Run the command again and type the same passphrase twice. Nothing was written.',
  },
  'config.passphrase-weak': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Choose at least 8 characters; several random words are easy to keep. Whoever has the vault and guesses the passphrase has everything.',
  },
} as const satisfies Record<string, ErrorSpec>
