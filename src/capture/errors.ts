import type { ErrorSpec } from '#stdx/app-error'

export const CAPTURE_ERRORS = {
  'capture.other-system': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The source name points at another system than before. Correct the address, or run `holdfast backup NAME --new-identity` if the system was really replaced.',
  },
  'capture.nothing-covered': {
    status: 422,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct the globs of `include` and `exclude` of the source in holdfast.yaml; `holdfast source check NAME` says which of them match nothing. Nothing was recorded; earlier points are intact.',
  },
  'capture.unreadable': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'Run the GRANT statements that the message prints, or add the exclude lines to the source in holdfast.yaml. Nothing was recorded; earlier points are intact.',
  },
  'capture.doubtful': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'What the source holds does not follow from the backup before: an export may have failed. Nothing was recorded; earlier points are intact. Look at the named entities. If they are right as they are, say so for each: `holdfast backup NAME --accept ENTITY`.',
  },
  'capture.conflict': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: 'Something else backed up the same source meanwhile: another backup, or whoever follows it. Its point is there; run the command again if you need a newer one. Of a source that is followed, `holdfast reconcile NAME` is what makes a scan.',
  },
  'capture.values-not-sent': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The source tells of an update only the values that it changed, of a large one that it did not change nothing at all. What the entity holds is unproven until the next scan. Run the statement that was printed (REPLICA IDENTITY FULL for the table, or for its partitions), then `holdfast reconcile NAME`.',
  },
  'capture.shape-changed': {
    status: 409,
    exit: 1,
    retry: 'later',
    help: 'The fields or the key of an entity were changed, or a part of it was emptied, in a way that a feed does not tell record by record. A scan follows at once, and the points between the two are unproven for this entity. Nothing has to be done.',
  },
  'capture.not-told': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The source does not tell the changes of this entity any more. Run the statements that were printed, or see `holdfast source check NAME`; what the entity holds is unproven until the next scan: `holdfast reconcile NAME`.',
  },
  'capture.not-followed': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'There is no feed that a scan could be compared with. `holdfast follow NAME` begins one, with a scan; `holdfast backup NAME` scans without.',
  },
  'capture.canary-late': {
    status: 503,
    exit: 1,
    retry: 'later',
    help: 'What was committed in the source does not reach the vault in time, or not at all. Look at what `holdfast follow` says beside it: a scan that runs, a source or a store that cannot be reached. When it says nothing, see with `holdfast source check NAME` whether the table of the canary is followed.',
  },
  'capture.behind': {
    status: 503,
    exit: 11,
    retry: 'later',
    help: 'Whoever follows the source has not committed all that the source had until that moment. Look at what `holdfast follow` says, and at `holdfast points NAME`; a quiet source gets an entry every few minutes. Then run the command again, with a longer --wait.',
  },
  'capture.thread-failed': {
    status: 500,
    exit: 1,
    retry: 'later',
    help: 'A capture thread ended unexpectedly. Nothing was recorded; run the backup again, and report it with HOLDFAST_DEBUG=1 if it repeats.',
  },
} as const satisfies Record<string, ErrorSpec>
