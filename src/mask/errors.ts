import type { ErrorSpec } from '#stdx/app-error'

export const MASK_ERRORS = {
  'mask.file-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct every line named. docs/guides/masked-restore.md says what may stand in a mask file; docs/reference/mask.schema.json lets an editor complete and check it.',
  },
  'mask.rules-unfit': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'The mask file does not fit what is put back. Correct every line named; give every field that is named without a line a rule, or say `unlisted: keep` or `unlisted: redact`. Nothing was written.',
  },
  'mask.value-unfit': {
    status: 422,
    exit: 2,
    retry: 'after-fix',
    help: 'A field holds something else than its rule is for, such as a day that is none. Give it the rule `code`, `freeText` or `redact`. Nothing was written.',
  },
  'mask.original-found': {
    status: 422,
    exit: 4,
    retry: 'after-fix',
    help: 'What a rule hides stands in another field of what was written, or a masked value is by chance an original one. Everything was rolled back. Give the field that the message names last a rule of its own; where it has one, take another key.',
  },
} as const satisfies Record<string, ErrorSpec>
