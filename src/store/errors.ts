import type { ErrorSpec } from '#stdx/app-error'

export const STORE_ERRORS = {
  'store.unavailable': {
    status: 503,
    exit: 20,
    retry: 'later',
    help: 'The store did not answer or failed underneath. Check that the folder exists and that its disk is mounted and healthy, or that bucket, region and address are right and reachable; then run the command again: what was committed before is intact.',
  },
  'store.denied': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'The store refuses this operation. A folder: give the user that runs Holdfast the right to read and write it (owner, mode 0700), or remount the disk writable. A bucket: check the credentials and their policy (docs/guides/s3.md lists the rights of each role).',
  },
  'store.locked': {
    status: 409,
    exit: 5,
    retry: 'later',
    help: 'The store keeps this object from being deleted until the time named, as its retention says. Nothing is wrong: it is pending until then. Run the command again afterwards.',
  },
  'store.full': {
    status: 507,
    exit: 1,
    retry: 'after-fix',
    help: 'The disk or quota of the store is full. Nothing was committed and earlier points are intact. Make room, then run the command again.',
  },
  'store.not-found': {
    status: 404,
    exit: 13,
    retry: 'never',
    help: 'An object that should be in the store is not there. Run `holdfast check` to see what else is missing, and take the object from a replica.',
  },
  'store.short-read': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'An object is shorter than what was written. Run `holdfast check`, and take the object from a replica.',
  },
  'store.name-invalid': {
    status: 500,
    exit: 1,
    retry: 'never',
    help: 'The name is none that an object can have. If Holdfast printed this of its own accord, report it as a defect.',
  },
  'store.not-conditional': {
    status: 500,
    exit: 20,
    retry: 'after-fix',
    help: 'The store does not keep the promise that of two writers of one name exactly one wins, without which points could be lost. Use a file system with hard links, or an object store with conditional writes.',
  },
} as const satisfies Record<string, ErrorSpec>
