import type { Running } from './traveller.ts'

export type Line = { readonly type: string; readonly [name: string]: unknown }

/** Waits until a run has printed such a line, on either of its outputs. */
export async function untilLine(running: Running, isIt: (line: Line) => boolean): Promise<Line> {
  const found = Promise.withResolvers<Line>()
  for (const stream of [running.child.stdout, running.child.stderr]) {
    let text = ''
    stream?.on('data', (more: string) => {
      text += more
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.startsWith('{')) continue
        const parsed = JSON.parse(line)
        if (isIt(parsed)) found.resolve(parsed)
      }
    })
  }
  const ended = running.done.then(({ exit, stderr }) => {
    throw new Error(`The run ended with ${exit} before that: ${stderr}`)
  })
  return await Promise.race([found.promise, ended])
}
