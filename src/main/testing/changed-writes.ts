import type { Target, TargetWrite } from '#connector/connector'

/** The same target, each of whose writes is changed before anybody uses it. */
export function withChangedWrites(target: Target, change: (write: TargetWrite) => void): Target {
  return {
    ...target,
    identity: target.identity,
    openCut: (until) => target.openCut(until),
    listSideEffects: (...given) => target.listSideEffects(...given),
    async openWrite(...given) {
      const write = await target.openWrite(...given)
      change(write)
      return write
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}
