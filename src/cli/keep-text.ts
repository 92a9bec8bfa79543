import { PassThrough } from 'node:stream'
import type { AskStreams } from './ask.ts'
import type { TextStream } from './output.ts'

/** Standard streams of a command that runs inside another: nobody sits at them, and they keep what is written. */
export type KeptStreams = {
  readonly stdin: AskStreams['input']
  readonly stdout: TextStream
  readonly stderr: TextStream & AskStreams['output']
  readStdout(): string
  readStderr(): string
}

export function keepStreams(): KeptStreams {
  const stdout = keepText()
  const stderr = keepText()
  return {
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: Object.assign(new PassThrough(), stderr.stream),
    readStdout: stdout.read,
    readStderr: stderr.read,
  }
}

function keepText(): { readonly stream: TextStream; read(): string } {
  const pieces: string[] = []
  const stream: TextStream = {
    write(text) {
      pieces.push(text)
      return true
    },
    once: () => undefined,
    off: () => undefined,
    on: () => undefined,
  }
  return { stream, read: () => pieces.join('') }
}
