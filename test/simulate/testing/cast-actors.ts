import type { Actor } from './actor.ts'
import { capturer } from './actors/capturer.ts'
import { clerk } from './actors/clerk.ts'
import { reader } from './actors/reader.ts'
import { vandal } from './actors/vandal.ts'
import type { Chance } from './chance.ts'

/** Who takes part in a run. Whoever adds an actor adds a line; the others' chances stay as they are. */
export function castActors(chance: Chance, [first, second]: readonly [string, string]): Actor[] {
  const sometimes = (name: string, probability: number) => chance.fork(name).happens(probability)
  const isAlone = chance.fork('hands').happens(0.5)
  return [
    capturer('capturer-a', first, isAlone),
    capturer('capturer-b', first, isAlone),
    reader('reader-a', first),
    ...(sometimes('second source', 0.4)
      ? [capturer('capturer-c', second, isAlone), reader('reader-c', second)]
      : []),
    ...(sometimes('clerk', 0.6) ? [clerk('clerk')] : []),
    ...(sometimes('vandal', 0.2) ? [vandal('vandal', first)] : []),
  ]
}
