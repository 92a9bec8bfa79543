import type { ErrorSpec } from '#stdx/app-error'

export const CUSTOMER_ERRORS = {
  'customer.map-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct every line named. docs/reference/customer-map.md lists all that may stand in customers.yaml; a line `# yaml-language-server: $schema=...` with docs/reference/customers.schema.json lets an editor complete and check it.',
  },
  'customer.pack-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Name the source, and the pack of what it is: `holdfast map pack erp=odoo crm=suitecrm`. There are odoo, erpnext, dolibarr and suitecrm; for any other system, `holdfast map discover` proposes a map.',
  },
  'customer.pack-unfit': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'The source is another system, or its include and exclude leave out the table of its customers. `holdfast entities SOURCE` lists what is backed up, and `holdfast map discover` proposes a map from it.',
  },
  'customer.unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Write the number as the system prints it, leading zeros included: the field that the customer map calls `number`, or the key. `--at` looks at another point, `--map` takes another map.',
  },
  'customer.source-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`--source` takes the name of a system that has customers or suppliers in the customer map, as it stands under `sources` in customers.yaml. Without it, all of them are looked in.',
  },
  'customer.decision-itself': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Name two different records. In one system two may bear the same number: name each by its key, like `crm=main.account:500042`.',
  },
  'customer.decision-contradicts': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: '`holdfast customer decisions` lists what was decided, by whom, when and why. Decide on the two that are named in the other way first, if that was wrong.',
  },
  'customer.decision-unreadable': {
    status: 500,
    exit: 10,
    retry: 'never',
    help: 'A later version of Holdfast wrote it. Use that version: what it decided would be left out here.',
  },
  'customer.ambiguous': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'Several parties bear this number, or one bears it as its number and another as its key, and nothing in the customer map says that they are one. Name the system with --source, or the record by its key, like `main.account:500042`.',
  },
} as const satisfies Record<string, ErrorSpec>
