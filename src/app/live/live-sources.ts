import type { CustomerMap } from '#customer/customer-map'
import type { SourceAt } from '#customer/map-at'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'

export type ReadLiveDeps = Pick<
  Context,
  'createStore' | 'openSource' | 'progress' | 'random' | 'readConfig'
>

export type LivePlace = {
  readonly vault: Pick<Vault, 'digestKey' | 'indexPlace' | 'rowDeps'>
  readonly map: Pick<CustomerMap, 'entities'>
  readonly held: AsyncDisposableStack
}

/** Sources as they are while somebody looks at them; what was read of them goes when it is disposed. */
export type LiveSources = AsyncDisposable & {
  /**
   * Turns sources at their newest points into the same at this moment.
   * @throws config.name-unknown | connector.unreachable | connector.denied | app.live-unreadable
   * @throws as `writeDifferences`
   */
  read(newest: readonly SourceAt[], signal: AbortSignal): Promise<SourceAt[]>
}

/** Nothing is loaded, opened or made before a source is asked: most questions are about points. */
export function openLiveSources(
  deps: ReadLiveDeps,
  vault: LivePlace['vault'],
  map: LivePlace['map'],
): LiveSources {
  const held = new AsyncDisposableStack()
  return {
    async read(newest, signal) {
      const { readLive } = await import('./read-live.ts')
      return await readLive(deps, { vault, map, held }, newest, signal)
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}
