import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

export type AskStreams = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/**
 * Asks one question on a terminal. With `isHidden` what is typed is not shown.
 *
 * Ctrl-C at the question raises the interrupt of the process, as anywhere else.
 */
export async function ask(
  streams: AskStreams,
  question: string,
  options: { readonly isHidden: boolean; readonly signal: AbortSignal },
): Promise<string> {
  options.signal.throwIfAborted()
  streams.output.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: streams.input,
    output: options.isHidden ? silent : streams.output,
    terminal: true,
    historySize: 0,
  })
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return await Promise.race([lines.question('', { signal: options.signal }), ended])
  } catch (error) {
    options.signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
    if (options.isHidden) streams.output.write('\n')
  }
}
