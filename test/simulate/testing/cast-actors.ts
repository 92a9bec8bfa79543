import type { Actor } from './actor.ts'
import { archivist } from './actors/archivist.ts'
import { capturer } from './actors/capturer.ts'
import { checker } from './actors/checker.ts'
import { clerk } from './actors/clerk.ts'
import { collector } from './actors/collector.ts'
import { compactor } from './actors/compactor.ts'
import { healer } from './actors/healer.ts'
import { locksmith } from './actors/locksmith.ts'
import { reader } from './actors/reader.ts'
import { replicator } from './actors/replicator.ts'
import { rot } from './actors/rot.ts'
import { vandal } from './actors/vandal.ts'
import type { Chance } from './chance.ts'

export type Cast = {
  readonly sources: readonly [string, string]
  /** Each holds the credential of its role; else everybody holds all keys. */
  readonly isAlone: boolean
}

/** Who takes part in a run. Whoever adds an actor adds a line; the others' chances stay as they are. */
export function castActors(chance: Chance, { isAlone, sources: [first, second] }: Cast): Actor[] {
  const sometimes = (name: string, probability: number) => chance.fork(name).happens(probability)
  return [
    // Only many points give runs that are merged without the first.
    capturer('capturer-a', first, isAlone, sometimes('busy', 0.3)),
    capturer('capturer-b', first, isAlone),
    reader('reader-a', first),
    ...(sometimes('second source', 0.4)
      ? [capturer('capturer-c', second, isAlone), reader('reader-c', second)]
      : []),
    ...(sometimes('clerk', 0.6) ? [clerk('clerk')] : []),
    ...(sometimes('checker', 0.2) ? [checker('checker', isAlone)] : []),
    ...(sometimes('compactor', 0.5) ? [compactor('compactor', first, isAlone)] : []),
    ...(sometimes('collector', 0.5) ? [collector('collector', isAlone)] : []),
    ...(sometimes('second collector', 0.1) ? [collector('collector-b', isAlone)] : []),
    ...(sometimes('archivist', 0.5) ? [archivist('archivist', first)] : []),
    ...(sometimes('vandal', 0.2) ? [vandal('vandal', first)] : []),
    ...(sometimes('replicator', 0.5) ? castReplication(chance, first, isAlone) : []),
    ...(sometimes('locksmith', 0.4) ? [locksmith('locksmith', [first, second])] : []),
  ]
}

/** Somebody copies the vault; perhaps another does so too; perhaps what is copied heals the vault. */
function castReplication(chance: Chance, source: string, isAlone: boolean): Actor[] {
  return [
    replicator('replicator', isAlone),
    ...(chance.fork('second replicator').happens(0.2) ? [replicator('replicator-b', isAlone)] : []),
    ...(chance.fork('rot').happens(0.5) ? [rot('rot', source), healer('healer', isAlone)] : []),
  ]
}
