import type { ErrorSpec } from '#stdx/app-error'

export const HISTORY_ERRORS = {
  'history.entity-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast entities POINT` for the entities the point holds. Names are case-sensitive and qualified, like public.customer.',
  },
  'history.record-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast history NAME ENTITY KEY` to see whether another point holds the record, and check the key: fields in key order, comma-separated, each as the system prints it, a number with all its decimals.',
  },
} as const satisfies Record<string, ErrorSpec>
