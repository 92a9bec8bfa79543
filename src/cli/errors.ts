import type { ErrorSpec } from '#stdx/app-error'

export const CLI_ERRORS = {
  'cli.usage': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast --help` lists the commands, `holdfast COMMAND --help` the arguments and options of one.',
  },
  'cli.confirmation-missing': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was changed. Add --confirm with the name that the message shows, or run in a terminal and type it. --yes suffices only for an empty target.',
  },
  'cli.confirmation-wrong': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was changed. The name typed or given with --confirm must be exactly the one that the message shows.',
  },
  'cli.file-unreadable': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was changed. Check the path and that this user may read the file.',
  },
  'cli.file-not-writable': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was changed. Name a file that is not there yet, in a folder that this user may write to.',
  },
  'cli.interrupted': {
    status: 499,
    exit: 130,
    retry: 'later',
    help: 'The run was stopped on request. What was committed before stays; what was not is void. Run the command again when it suits.',
  },
  'cli.output-failed': {
    status: 500,
    exit: 1,
    retry: 'after-fix',
    help: 'What was to be printed could not be written where the output goes: most often the disk is full. What was printed so far is not complete. Make room and run the command again; the vault is not concerned.',
  },
  'cli.output-closed': {
    status: 499,
    exit: 0,
    retry: 'never',
    help: 'The program that read the output closed it, as `head` does. Nothing is wrong.',
  },
} as const satisfies Record<string, ErrorSpec>
