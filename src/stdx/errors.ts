import type { ErrorSpec } from './app-error.ts'

export const STDX_ERRORS = {
  'stdx.temporary-failed': {
    status: 507,
    exit: 1,
    retry: 'after-fix',
    help: 'What does not fit into memory goes to the temporary folder, sealed, and that did not take it. Nothing was committed. Make room there, or let `tempDir` of holdfast.yaml (or HOLDFAST_TEMP_DIR) name a folder that this user may write to, then run the command again.',
  },
  'stdx.not-canonical': {
    status: 500,
    exit: 1,
    retry: 'never',
    help: 'A value that Holdfast was about to write has no canonical form. This is a defect: report it with the command that led to it.',
  },
} as const satisfies Record<string, ErrorSpec>
