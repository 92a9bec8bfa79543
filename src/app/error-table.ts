import { CAPTURE_ERRORS } from '#capture/errors'
import { CONFIG_ERRORS } from '#config/errors'
import { CONNECTOR_ERRORS } from '#connector/errors'
import { CUSTOMER_ERRORS } from '#customer/errors'
import { DEMO_ERRORS } from '#demo/errors'
import { HISTORY_ERRORS } from '#history/errors'
import { MASK_ERRORS } from '#mask/errors'
import { MIGRATE_ERRORS } from '#migrate/errors'
import { RECORD_ERRORS } from '#record/errors'
import { REPORT_ERRORS } from '#report/errors'
import { RESTORE_ERRORS } from '#restore/errors'
import { RETENTION_ERRORS } from '#retention/errors'
import { SEAL_ERRORS } from '#seal/errors'
import { SEGMENT_ERRORS } from '#segment/errors'
import type { ErrorSpec } from '#stdx/app-error'
import { STDX_ERRORS } from '#stdx/errors'
import { STORE_ERRORS } from '#store/errors'
import { TIMELINE_ERRORS } from '#timeline/errors'
import { VAULT_ERRORS } from '#vault/errors'
import { APP_ERRORS } from './errors.ts'

/** Every code of every room up to this one. A test holds it against the rooms. */
export const ERROR_TABLE: Readonly<Record<string, ErrorSpec>> = Object.freeze({
  ...STDX_ERRORS,
  ...RECORD_ERRORS,
  ...CONNECTOR_ERRORS,
  ...STORE_ERRORS,
  ...SEAL_ERRORS,
  ...SEGMENT_ERRORS,
  ...TIMELINE_ERRORS,
  ...VAULT_ERRORS,
  ...HISTORY_ERRORS,
  ...CUSTOMER_ERRORS,
  ...REPORT_ERRORS,
  ...MASK_ERRORS,
  ...MIGRATE_ERRORS,
  ...CAPTURE_ERRORS,
  ...RESTORE_ERRORS,
  ...RETENTION_ERRORS,
  ...CONFIG_ERRORS,
  ...DEMO_ERRORS,
  ...APP_ERRORS,
})
