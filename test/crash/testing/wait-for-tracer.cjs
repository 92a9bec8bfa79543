// Loaded by `node --require` before the command: writes down the threads of this process and waits
// until somebody traces the one that faults are for. Thread by thread, because strace counts calls
// by thread, and because what other threads do (wake each other, load libraries) is no concern.
const {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  stat,
  writeFileSync,
} = require('node:fs')
const { join } = require('node:path')
const { isMainThread } = require('node:worker_threads')

const PATIENCE_MS = 60_000
const folder = process.env.HOLDFAST_TEST_TRACER

// Not while the command builds itself.
const isCommand = /cli\.c?js$/.test(process.argv[2] ?? '')

if (isMainThread && isCommand && folder !== undefined) {
  // The thread that does the file work comes with the first work.
  stat('/', () => {})
  const threads = { main: process.pid, files: waitFor(findFileThread) }
  // Complete as soon as it can be seen.
  writeFileSync(join(folder, 'threads.part'), JSON.stringify(threads))
  renameSync(join(folder, 'threads.part'), join(folder, 'threads'))
  waitFor(() => existsSync(join(folder, 'go')) || undefined)
}

function findFileThread() {
  const tasks = readdirSync('/proc/self/task')
  const name = (task) => readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim()
  const task = tasks.find((one) => name(one) === 'libuv-worker')
  return task === undefined ? undefined : Number(task)
}

function waitFor(look) {
  const bell = new Int32Array(new SharedArrayBuffer(4))
  const untilMs = performance.now() + PATIENCE_MS
  while (performance.now() < untilMs) {
    const found = look()
    if (found !== undefined) return found
    Atomics.wait(bell, 0, 0, 2)
  }
  throw new Error('Cannot run this command under a tracer: nobody came to trace it')
}
