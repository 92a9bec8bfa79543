import { AppError } from '#stdx/app-error'
import { BOMS, type EncodingName, encodeText } from './encoding.ts'
import type { WorkFile } from './work-folder.ts'

const FLUSH_UNITS = 262_144

/** Text on its way into a file, in the file's encoding. Holds some hundred kilobytes. */
export class TextOutput {
  readonly file: WorkFile
  readonly #encoding: EncodingName
  readonly #label: string
  #text = ''
  #isSynced = false
  #isLineOpen = false

  constructor(file: WorkFile, encoding: EncodingName, label: string) {
    this.file = file
    // What was ASCII so far may get other characters now.
    this.#encoding = encoding === 'ascii' ? 'utf-8' : encoding
    this.#label = label
  }

  async writeBom(): Promise<void> {
    const bom = BOMS[this.#encoding]
    if (bom !== undefined) await this.file.handle.writeFile(bom)
  }

  /** Whether the last line that was written has no end. */
  get isLineOpen(): boolean {
    return this.#isLineOpen
  }

  /** @throws connector.value-refused when the text has a character that the encoding lacks */
  async write(text: string): Promise<void> {
    if (text === '') return
    this.#text += text
    this.#isLineOpen = !text.endsWith('\n') && !text.endsWith('\r')
    this.#isSynced = false
    if (this.#text.length >= FLUSH_UNITS) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#text === '') return
    const bytes = encodeText(this.#text, this.#encoding)
    if (bytes === undefined) {
      const found = `found characters that ${this.#encoding} does not have`
      const message = `Cannot write "${this.#label}": ${found}`
      throw new AppError('connector.value-refused', message)
    }
    this.#text = ''
    await this.file.handle.writeFile(bytes)
  }

  /** Makes what was written durable. */
  async sync(): Promise<void> {
    await this.flush()
    if (!this.#isSynced) await this.file.handle.sync()
    this.#isSynced = true
  }
}
