import type { ErrorSpec } from '#stdx/app-error'

export const RESTORE_ERRORS = {
  'restore.schema-differs': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target has another shape than the point. Restore into an empty target, or add the fields that the message names.',
  },
  'restore.unreadable': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'Run the GRANT statements that the message prints on the target. Nothing was written.',
  },
  'restore.field-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast show POINT ENTITY KEY` for the names of the fields at that point.',
  },
  'restore.record-missing': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target does not have the record whose fields you asked for. Put the whole record back with --record ENTITY:KEY. Nothing was written.',
  },
} as const satisfies Record<string, ErrorSpec>
