import type { ErrorSpec } from '#stdx/app-error'

export const CUSTOMER_ERRORS = {
  'customer.map-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct every line named. docs/reference/customer-map.md lists all that may stand in customers.yaml; a line `# yaml-language-server: $schema=...` with docs/reference/customers.schema.json lets an editor complete and check it.',
  },
} as const satisfies Record<string, ErrorSpec>
