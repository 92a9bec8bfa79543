import type { ConnectorHarness } from './contract-system.ts'
import { testNumbering } from './numbering-contract.ts'
import { testReading } from './reading-contract.ts'
import { testSideEffects } from './side-effects-contract.ts'
import { testWriting } from './writing-contract.ts'

/**
 * What `connector.ts` promises, tried on real systems. Every connector calls it once:
 *
 * ```ts
 * testConnector('sqlite', harness)
 * ```
 */
export function testConnector(label: string, harness: ConnectorHarness): void {
  testReading(label, harness)
  testWriting(label, harness)
  testNumbering(label, harness)
  testSideEffects(label, harness)
}
