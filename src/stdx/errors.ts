import type { ErrorSpec } from './app-error.ts'

export const STDX_ERRORS = {
  'stdx.not-canonical': {
    status: 500,
    exit: 1,
    retry: 'never',
    help: 'A value that Holdfast was about to write has no canonical form. This is a defect: report it with the command that led to it.',
  },
} as const satisfies Record<string, ErrorSpec>
