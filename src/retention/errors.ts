import type { ErrorSpec } from '#stdx/app-error'

export const RETENTION_ERRORS = {
  'retention.proposal-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'The file is no proposal for this vault and this command. `holdfast expire NAME --propose FILE` and `holdfast release POINT --propose FILE` write one; it is taken up by the same command with --cosign FILE.',
  },
  'retention.proposal-refused': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'Nothing was committed. The message says what stands against the proposal: a point that is held, newest, or kept by the retention of the source in holdfast.yaml, or points and holds that have changed since. Have it proposed again from what is there now.',
  },
  'retention.not-sound': {
    status: 500,
    exit: 13,
    retry: 'after-fix',
    help: 'Nothing was deleted: what is needed cannot be said of a timeline that is not whole. Run `holdfast check` for what is wrong with it; take missing objects from a replica, and use the newest version of Holdfast where entries are not known to this one.',
  },
  'retention.replacement-damaged': {
    status: 500,
    exit: 13,
    retry: 'after-fix',
    help: 'Nothing was deleted: the segments that were to go are whole, those that a compaction put in their place are not. Take the named object from a replica, or keep the old segments and report this.',
  },
  'retention.compaction-raced': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: "Several compactions of one source run at the same time and take each other's segments away. What was committed stays. Let one of them run, then run the command again.",
  },
} as const satisfies Record<string, ErrorSpec>
