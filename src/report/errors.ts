import type { ErrorSpec } from '#stdx/app-error'

export const REPORT_ERRORS = {
  'report.finance-missing': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'Say in customers.yaml, under `finance`, where open items, receipts and balances lie. docs/guides/receivables.md has an example, docs/reference/customer-map.md lists all that may stand there.',
  },
  'report.finance-unfit': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'The section `finance` of customers.yaml names an entity or field that the point does not hold. `holdfast entities POINT` lists what it holds; correct every line named.',
  },
  'report.point-missing': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'A report is of one moment in all systems that it reads. Name a point of each, like `billing@12 erp@12`, or what stands for all of them: a label, like @fy26-close, or a time.',
  },
  'report.day-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Write the day as year, month and day: --as-of 2026-06-30. Without it the report is as of the day of the newest point.',
  },
  'report.groups-too-many': {
    status: 422,
    exit: 2,
    retry: 'after-fix',
    help: 'The field that customers.yaml calls `companyCode` or `currency` holds a value of its own in nearly every record: it is another field.',
  },
  'report.totals-too-many': {
    status: 422,
    exit: 2,
    retry: 'after-fix',
    help: 'A field under `by` of this total holds a value of its own in nearly every record. Group by fields with few values, like company code and currency.',
  },
} as const satisfies Record<string, ErrorSpec>
