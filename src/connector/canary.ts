import type { EntityName } from '#record/entity-name'
import type { Secret } from '#stdx/secret'
import type { ConnectorOptions } from './connector.ts'

/**
 * A canary is one row of one table of a source that is updated again and again over a connection of its
 * own, which may do nothing else: what becomes of the update shows that the whole way from the source
 * to the vault is open.
 */
export type Canaries = {
  /** @throws connector.unreachable | connector.denied | connector.address-invalid */
  open(options: ConnectorOptions, table: EntityName): Promise<CanaryRow>
  /** What an administrator runs once. @throws connector.address-invalid */
  statements(setup: CanarySetup): readonly string[]
}

export type CanarySetup = {
  readonly table: EntityName
  /** What the feed is called in the source. */
  readonly feed: string
  /** Addresses of who updates the row, and of who captures it. */
  readonly writer: Secret
  readonly reader: Secret
}

export type CanaryRow = AsyncDisposable & {
  /**
   * Updates the row, committed when it resolves.
   * @param mark lower-case letters and digits; a different one each time
   * @throws connector.canary-missing when there is no such row, or it may not be updated
   * @throws connector.unreachable when the connection was lost
   */
  write(mark: string, signal: AbortSignal): Promise<void>
}
