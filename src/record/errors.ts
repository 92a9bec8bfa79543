import type { ErrorSpec } from '#stdx/app-error'

export const RECORD_ERRORS = {
  'record.entity-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Write the entity as the source names it, parts joined by dots: public.customer, main."Order Lines". A part that is not plain letters, digits and underscores is put in double quotes, quotes in it doubled. `holdfast entities POINT` lists the names.',
  },
  'record.key-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Write the key fields in key order, joined by commas; put a value with a comma, a colon, a quote or spaces at its ends in double quotes and double the quotes in it: 42, "1000","0042". A record of an entity without key is #<16 hex digits>.<number>, as `show` and `diff` print it.',
  },
  'record.address-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Write a record as ENTITY:KEY and a field as ENTITY:KEY:FIELD, for example public.customer:42 or public.customer:42:iban. Names that are not plain letters, digits and underscores are put in double quotes.',
  },
  'record.row-invalid': {
    status: 500,
    exit: 1,
    retry: 'never',
    help: 'The text of a row is not in the canonical form that every connector must deliver. The run was void and nothing was kept of it. This is a defect of the connector, or of what stands between it and its source: report it with the entity.',
  },
} as const satisfies Record<string, ErrorSpec>
