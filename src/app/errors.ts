import type { ErrorSpec } from '#stdx/app-error'

export const APP_ERRORS = {
  'app.code-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast explain` without a code lists all codes.',
  },
  'app.store-unsupported': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Name a folder, for example ./vault or /mnt/backup/vault; a mounted network folder will do. Object stores in the cloud are not supported yet.',
  },
} as const satisfies Record<string, ErrorSpec>
