import type { ErrorSpec } from '#stdx/app-error'

export const RETENTION_ERRORS = {
  'retention.proposal-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'The file is no proposal for this vault and this command. `holdfast expire NAME --propose FILE` and `holdfast release POINT --propose FILE` write one; it is taken up by the same command with --cosign FILE.',
  },
  'retention.proposal-refused': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'Nothing was committed. The message says what stands against the proposal: a point that is held, newest, or kept by the retention of the source in holdfast.yaml, or points and holds that have changed since. Have it proposed again from what is there now.',
  },
} as const satisfies Record<string, ErrorSpec>
