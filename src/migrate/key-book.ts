import type { EntityName } from '#record/entity-name'

/** Records of one entity of the source in one of the target. */
export type Book = {
  readonly from: EntityName
  /** Of the target. */
  readonly entity: EntityName
}

/**
 * What a record of the source is called in an entity of the target, in the text of its one key field;
 * `undefined`: it is not there.
 *
 * @param key its address
 */
export type FindKey = (book: Book, key: string) => string | undefined

/** What is looked up of other records; found out before rows are mapped. */
export class KeyBooks {
  readonly #books = new Map<string, ReadonlyMap<string, string>>()
  readonly #findKnown: FindKey

  /** @param findKnown what earlier migrations wrote down */
  constructor(findKnown: FindKey) {
    this.#findKnown = findKnown
  }

  /** @param keys by address */
  add(book: Book, keys: ReadonlyMap<string, string>): void {
    this.#books.set(nameOf(book), keys)
  }

  has(book: Book): boolean {
    return this.#books.has(nameOf(book))
  }

  find(book: Book, key: string): string | undefined {
    return this.#books.get(nameOf(book))?.get(key) ?? this.#findKnown(book, key)
  }

  findKnown(book: Book, key: string): string | undefined {
    return this.#findKnown(book, key)
  }
}

function nameOf({ entity, from }: Book): string {
  return `${from}\0${entity}`
}
