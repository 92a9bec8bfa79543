import type { Actor, Turn } from '../actor.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Writes and reads documents of the vault, and says what all heads are. */
export function clerk(name: string): Actor {
  return { name, holds: 'everything', restMs: 4 * DAY_MS, mustSucceed: true, turn: work }
}

async function work({ chance, signal, truth, vault }: Turn): Promise<void> {
  const document = chance.pick(['config', 'policy']) ?? 'config'
  const text = `${document} ${Buffer.from(chance.bytes(4)).toString('hex')}`
  truth.texts.add(text)
  if (chance.happens(0.7)) await vault.putDocument(document, text, signal)
  const found = await vault.readDocument(document, signal)
  must(found === undefined || truth.texts.has(found), 'I1', `"${document}" is what nobody wrote`)
  if (chance.happens(0.5)) await vault.putHeads(signal)
}
