import type { ErrorSpec } from '#stdx/app-error'

export const RESTORE_ERRORS = {
  'restore.schema-differs': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target has another shape than the point. Restore into an empty target, or add the fields that the message names.',
  },
  'restore.other-platform': {
    status: 400,
    exit: 2,
    retry: 'never',
    help: 'The point was captured by another kind of connector. Choose a target of the same kind.',
  },
  'restore.target-has-rows': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'Look at the plan with --plan-only. Then type the name of the target, or give it with --confirm NAME.',
  },
  'restore.read-back-differs': {
    status: 500,
    exit: 4,
    retry: 'after-fix',
    help: 'The rows were committed, but reading them back shows a difference. Run `holdfast verify POINT --against TARGET`; a trigger or another writer of the target may have changed them.',
  },
  'restore.unreadable': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'Run the GRANT statements that the message prints on the target. Nothing was written.',
  },
} as const satisfies Record<string, ErrorSpec>
