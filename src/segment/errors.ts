import type { ErrorSpec } from '#stdx/app-error'

export const SEGMENT_ERRORS = {
  'segment.damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'The named object is not what was written: no row of it was used. Run `holdfast check --read-data` to see what else is hit, and bring the object back from a copy of the vault. Other entities and points stay readable.',
  },
  'segment.format-unsupported': {
    status: 500,
    exit: 10,
    retry: 'after-fix',
    help: 'The named object was written by a newer Holdfast. Use the newest version. If none is newer, the object is damaged: run `holdfast check`.',
  },
  'segment.object-missing': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'The vault names an object that its store or keyring does not have. Bring it back from a copy of the vault; `holdfast check` lists all that are missing.',
  },
  'segment.missing-key': {
    status: 403,
    exit: 12,
    retry: 'after-fix',
    help: 'The credential in use may see that records changed, not what they hold. Use one that holds the read key: the passphrase, or the file of the restore role.',
  },
  'segment.name-taken': {
    status: 409,
    exit: 1,
    retry: 'later',
    help: 'An object of a new session was already in the store, so the run stopped before it could mix with it. Run it again: a new session takes new names.',
  },
  'segment.not-verified': {
    status: 500,
    exit: 1,
    retry: 'later',
    help: 'A block did not decode to what had been encoded, so it was not written. Suspect the memory of this machine; run it again, on another machine if it happens twice.',
  },
  'segment.row-invalid': {
    status: 500,
    exit: 1,
    retry: 'never',
    help: 'The source sent a row that does not fit its schema, or a key that is not in its canonical form. The run is void, nothing was kept of it. If the schema changed during the run, run it again; otherwise report it with the entity.',
  },
  'segment.order-violated': {
    status: 500,
    exit: 1,
    retry: 'after-fix',
    help: 'The source sent records out of key order or one key twice, so what vanished cannot be told and the run is void. Check that the key is still unique in the source.',
  },
} as const satisfies Record<string, ErrorSpec>
