import type { ErrorSpec } from '#stdx/app-error'

export const MIGRATE_ERRORS = {
  'migrate.file-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct every line named. docs/guides/migrate.md says what may stand in a mapping file; docs/reference/migration.schema.json lets an editor complete and check it.',
  },
  'migrate.mapping-unfit': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'The mapping file does not fit the point or the target. Correct every line named; name every field of a source entity in `fields`, an expression or `unmapped`, and every field of a target entity that has neither a default nor may be null. Nothing was written.',
  },
  'migrate.value-refused': {
    status: 422,
    exit: 2,
    retry: 'after-fix',
    help: 'Records of the point hold values that the mapping file has no place for, or that the field of the target does not hold. List the values under `values`, say with `else` what becomes of the others, or write an expression; records that are not meant are left out by `when`. Nothing was written.',
  },
  'migrate.key-met': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'Two records of the point would be one record of the target. Give them keys of their own in `fields`, leave one of them out by `when`, or send them to different entities. Nothing was written.',
  },
} as const satisfies Record<string, ErrorSpec>
