import type { ErrorSpec } from '#stdx/app-error'

export const DEMO_ERRORS = {
  'demo.folder-in-use': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The demo writes new databases and never over others. Name an empty or new folder.',
  },
  'demo.damaged-already': {
    status: 409,
    exit: 1,
    retry: 'never',
    help: 'The demo breaks its databases once. Restore them first, or begin in a new folder.',
  },
} as const satisfies Record<string, ErrorSpec>
