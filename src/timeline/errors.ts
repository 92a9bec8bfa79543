import type { ErrorSpec } from '#stdx/app-error'

export const TIMELINE_ERRORS = {
  'timeline.damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'An entry of the timeline is missing, altered, or not in its place. Points before it can still be restored by their number. Run `holdfast check` for the whole picture, and take the named object from a replica; nothing may be written before that.',
  },
  'timeline.rolled-back': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'The store shows an older timeline than one that was seen before: points were taken away, or an old copy of the vault was put in its place. Find out who did it and take the missing entries from a replica. Points that are left can be restored by their number, like erp@12. If the old copy was put back on purpose, remove the folder that the message names. A replica that was not yet given the newest entries looks the same to a machine that knows the vault: replicate again, or look at it with another folder in HOLDFAST_STATE_DIR.',
  },
  'timeline.memory-lost': {
    status: 500,
    exit: 20,
    retry: 'later',
    help: 'What this machine keeps of a timeline it has read before is missing or damaged; the vault is not. Run the command again: it reads the timeline from the vault. When it says so again, the folder that the message names cannot be written: remove it, or name another with HOLDFAST_STATE_DIR.',
  },
  'timeline.lost-race': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: 'Somebody else committed to the same source at the same moment. Nothing was lost: run the command again.',
  },
  'timeline.undecided': {
    status: 503,
    exit: 20,
    retry: 'later',
    help: 'The store stopped answering while an entry was being committed. It may have been committed or not: run `holdfast points` once the store answers again. Running the command again is safe.',
  },
  'timeline.format-unsupported': {
    status: 500,
    exit: 10,
    retry: 'after-fix',
    help: 'The timeline holds entries that a newer Holdfast wrote. They are read as far as possible, but nothing is written after them. Use the newest version.',
  },
  'timeline.transactions-damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'Which transactions lie in a point of a feed cannot be read: the object that the message names is missing or altered. The point as a whole, by its number like erp@12, is as good as before. `holdfast check` names all that is damaged, and with `--heal-from` takes it from a replica.',
  },
  'timeline.unproven': {
    status: 409,
    exit: 6,
    retry: 'after-fix',
    help: 'Between what a feed told and the next scan nobody knows all that happened: the feed has a gap, or does not tell every table. What was asked for is printed as it was last known. `holdfast backup` makes a point that is proven again; a point before the gap, by its number, is proven as well.',
  },
  'timeline.address-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Write a point as SOURCE@SEQ (erp@12), SOURCE@SEQ.TRANSACTION (erp@12.5), SOURCE@latest, SOURCE@TIME with its zone (erp@2026-06-30T12:00:00Z) or SOURCE@LABEL; SOURCE@live is the system itself. `holdfast points` lists them.',
  },
  'timeline.point-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast points SOURCE` lists the recovery points with their numbers and times.',
  },
} as const satisfies Record<string, ErrorSpec>
