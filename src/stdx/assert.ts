/** A bug: something that cannot happen did. It ends the run and is never caught to go on. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/**
 * Fails unless `condition` holds.
 *
 * @param sentence what should have been true, as a sentence
 */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(sentence)
}
