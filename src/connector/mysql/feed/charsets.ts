import { AppError } from '#stdx/app-error'
import { quoteName } from '../quote.ts'
import type { Session } from '../session.ts'

/** A character set of the server. */
export type Charset = {
  readonly name: string
  /** Most bytes of one character. */
  readonly bytesMax: number
  /** Its text in UTF-8; `null`: it is that already. @throws connector.value-refused */
  readonly decode: ((from: Buffer, start: number, end: number) => Buffer) | null
}

const UTF_8 = new Set(['utf8mb4', 'utf8mb3', 'utf8'])

/**
 * The server's character sets by the number of a collation, as the log names them. Which bytes mean
 * which character the server is asked itself, once for each set that is met: so that a text in the log
 * is what a scan prints.
 */
export class Charsets {
  readonly #nameByCollation: ReadonlyMap<number, string>
  readonly #bytesMaxByName: ReadonlyMap<string, number>
  readonly #known = new Map<string, Charset>()

  static async read(session: Session, signal: AbortSignal): Promise<Charsets> {
    const sets = await session.query(
      'SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS',
      signal,
    )
    const [[hasIds] = []] = await session.query(
      `SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema'
        AND TABLE_NAME = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND COLUMN_NAME = 'ID'`,
      signal,
    )
    const from = hasIds === '0' ? 'COLLATIONS' : 'COLLATION_CHARACTER_SET_APPLICABILITY'
    const collations = await session.query(
      `SELECT ID, CHARACTER_SET_NAME FROM information_schema.${from} WHERE ID IS NOT NULL`,
      signal,
    )
    return new Charsets(
      new Map(collations.map(([id, name]) => [Number(id), name ?? ''])),
      new Map(sets.map(([name, bytesMax]) => [name ?? '', Number(bytesMax)])),
    )
  }

  private constructor(
    nameByCollation: ReadonlyMap<number, string>,
    bytesMaxByName: ReadonlyMap<string, number>,
  ) {
    this.#nameByCollation = nameByCollation
    this.#bytesMaxByName = bytesMaxByName
  }

  /** One that `learn` was called for; `undefined` for bytes and for what the server does not know. */
  find(collation: number): Charset | undefined {
    return this.#known.get(this.#nameByCollation.get(collation) ?? '')
  }

  /** Asks for what is not known yet of the collations of a table. */
  async learn(session: Session, collations: Iterable<number>, signal: AbortSignal): Promise<void> {
    for (const collation of collations) {
      const name = this.#nameByCollation.get(collation)
      if (name === undefined || name === 'binary' || this.#known.has(name)) continue
      const bytesMax = this.#bytesMaxByName.get(name) ?? 4
      const decode = await readDecoder(session, { name, bytesMax }, signal)
      this.#known.set(name, { name, bytesMax, decode })
    }
  }
}

async function readDecoder(
  session: Session,
  { bytesMax, name }: { name: string; bytesMax: number },
  signal: AbortSignal,
): Promise<Charset['decode']> {
  if (UTF_8.has(name)) return null
  const wide = WIDE.get(name)
  if (wide !== undefined) return (from, start, end) => wide(from.subarray(start, end))
  const map = new CharacterMap(name)
  const numbers = 'WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 255)'
  const queries = [`${numbers} SELECT HEX(c), HEX(u) FROM (${asked('CHAR(i)', 'n', name)}) t`]
  const pairs = 'n a JOIN n b ON a.i > 127'
  if (bytesMax >= 2) {
    queries.push(
      `${numbers} SELECT HEX(c), HEX(u) FROM (${asked('CHAR(a.i, b.i)', pairs, name)}) t`,
    )
  }
  if (bytesMax >= 3) {
    const triple = asked('CHAR(143, a.i, b.i)', pairs, name)
    queries.push(`${numbers} SELECT HEX(c), HEX(u) FROM (${triple}) t`)
  }
  for (const sql of queries) {
    const exact = `${sql} WHERE CAST(CONVERT(u USING ${quoteName(name)}) AS BINARY) = c
      AND CHAR_LENGTH(u) = 1`
    for (const [bytes, text] of await session.query(exact, signal)) {
      map.add(Buffer.from(bytes ?? '', 'hex'), Buffer.from(text ?? '', 'hex'))
    }
  }
  return (from, start, end) => map.decode(from, start, end)
}

function asked(character: string, from: string, name: string): string {
  return `SELECT ${character} AS c, CONVERT(CONVERT(${character} USING ${quoteName(name)}) USING utf8mb4) AS u
    FROM ${from}`
}

const WIDE: ReadonlyMap<string, (bytes: Buffer) => Buffer> = new Map([
  ['ucs2', (bytes) => fromUtf16(Buffer.from(bytes).swap16())],
  ['utf16', (bytes) => fromUtf16(Buffer.from(bytes).swap16())],
  ['utf16le', fromUtf16],
  ['utf32', fromUtf32],
])

function fromUtf16(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('utf16le'))
}

function fromUtf32(bytes: Buffer): Buffer {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) text += String.fromCodePoint(bytes.readUInt32BE(at))
  return Buffer.from(text)
}

/** Characters of one to three bytes, by their bytes. */
class CharacterMap {
  readonly #name: string
  readonly #single: (Buffer | undefined)[] = []
  readonly #longer = new Map<number, Buffer>()

  constructor(name: string) {
    this.#name = name
  }

  add(bytes: Buffer, text: Buffer): void {
    if (bytes.length === 1) this.#single[bytes[0] ?? 0] = text
    else this.#longer.set(bytes.readUIntBE(0, bytes.length), text)
  }

  decode(from: Buffer, start: number, end: number): Buffer {
    const to = Buffer.allocUnsafeSlow((end - start) * CHARACTER_BYTES_MAX)
    let used = 0
    for (let at = start; at < end; ) {
      const single = this.#single[from[at] ?? 0]
      const size = single === undefined ? this.#sizeAt(from, at, end) : 1
      const text = single ?? this.#longer.get(from.readUIntBE(at, size)) ?? EMPTY
      used += text.copy(to, used)
      at += size
    }
    return to.subarray(0, used)
  }

  #sizeAt(from: Buffer, at: number, end: number): number {
    for (let size = 2; size <= 3 && at + size <= end; size++) {
      if (this.#longer.has(from.readUIntBE(at, size))) return size
    }
    const found = `a text that Unicode does not hold (${this.#name})`
    throw new AppError('connector.value-refused', `Cannot follow: found ${found}`)
  }
}

const CHARACTER_BYTES_MAX = 4
const EMPTY = Buffer.alloc(0)
