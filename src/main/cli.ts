import './quick-schemas.ts'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { runCli } from '#cli/run-cli'
import { systemClock } from '#stdx/clock'
import { processInterrupts } from './interrupts.ts'
import { openContext } from './open-context.ts'
import { VERSION } from './version.ts'

// As source while developing, as bundle otherwise.
const isSource = import.meta.url.endsWith('.ts')
const threadFile = isSource ? 'capture-thread.ts' : 'capture-thread.cjs'

const place = {
  environment: process.env,
  currentFolder: process.cwd(),
  homeFolder: homedir(),
  threadUrl: new URL(threadFile, import.meta.url),
}

// A reader that went away is no failure; `runCli` stops what only it would have read.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const running = runCli(
  {
    version: VERSION,
    binFolder: fileURLToPath(new URL(isSource ? '../../bin' : '../bin', import.meta.url)),
    clock: systemClock,
    environment: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupts: processInterrupts,
    openContext: (request) => openContext(place, request),
  },
  process.argv.slice(2),
)
// The bundle is CommonJS, which knows no await out here.
void running.then(end)

async function end(exit: number): Promise<never> {
  await Promise.all([flush(process.stdout), flush(process.stderr)])
  // Not waiting for what may still be open: every command has closed what it opened.
  return process.exit(exit)
}

/** Resolves when everything written has left the process, or never can. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => stream.write('', () => resolve()))
}
