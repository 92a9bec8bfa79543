import './quick-schemas.ts'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type CaptureProgress, captureEntity, type EntityJob } from '#capture/capture-entity'
import {
  BATCHES_IN_FLIGHT,
  type FromThread,
  formatFailure,
  type ToThread,
} from '#capture/thread-messages'
import type { RowBatch } from '#record/row-batch'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { epochKeyring } from '#vault/epoch-keyring'
import type { KeyringList } from '#vault/keyring-list'
import { repairedStores } from '#vault/repaired-store'
import { readLists } from '#vault/stated-keys'
import type { ThreadKeys } from '#vault/thread-keys'
import { AskingIndex } from './asking-index.ts'
import { openStore } from './open-store.ts'

/** What a capture thread is started with. */
export type CaptureThreadData = {
  readonly keys: ThreadKeys
  readonly vault: string
  readonly keyring: string
  readonly tempDir: string
}

assert(parentPort !== null, 'The capture thread runs as a worker.')
serve(parentPort, workerData as CaptureThreadData)

/** Takes one job after the other; see `thread-messages.ts` for what is said. */
function serve(port: MessagePort, { keys, keyring, tempDir, vault }: CaptureThreadData): void {
  const { digestKey, epoch, openers, recipients, repairs, resealed, vaultId } = keys
  const random = systemRandom
  const store = openStore(vault, tempDir)
  let anew: KeyringList | undefined
  const readAnew = async (signal: AbortSignal) => {
    anew ??= (await readLists(store, resealed, signal)).anew
    return anew
  }
  const log = { readEpoch: async () => epoch, readAnew }
  const stores = { store, keyring: epochKeyring(openStore(keyring, tempDir), log) }
  const write = { vaultId, ...stores, random, recipients }
  const read = { vaultId, ...repairedStores(stores, repairs), openers }
  const deps = { write, read, digestKey, random, tempDir }
  const say = (message: FromThread) => port.postMessage(message)
  const blobs = new AskingIndex(say)
  let inbox: Inbox | undefined

  port.on('message', (message: ToThread) => {
    if (message.kind === 'job') inbox = start(message.job)
    else if (message.kind === 'batch') inbox?.push(message.batch)
    else if (message.kind === 'end') inbox?.end()
    else if (message.kind === 'claimed') blobs.hear(message.claim, message.ref ?? undefined)
    else inbox?.abort()
  })

  function start(job: EntityJob): Inbox {
    const next = new Inbox(() => say({ kind: 'want' }))
    const progress: CaptureProgress = (read) => say({ kind: 'read', ...read })
    captureEntity(deps, job, next.read(), { progress, blobs, signal: next.signal }).then(
      (result) => say({ kind: 'done', result }),
      (error: unknown) => say({ kind: 'failed', failure: formatFailure(error) }),
    )
    for (let i = 0; i < BATCHES_IN_FLIGHT; i++) say({ kind: 'want' })
    return next
  }
}

/** Batches that have arrived and were not read yet. */
class Inbox {
  readonly #want: () => void
  readonly #batches: RowBatch[] = []
  readonly #aborting = new AbortController()
  #isEnded = false
  #wake: (() => void) | undefined

  constructor(want: () => void) {
    this.#want = want
  }

  get signal(): AbortSignal {
    return this.#aborting.signal
  }

  push(batch: RowBatch): void {
    this.#batches.push(batch)
    this.#wake?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  abort(): void {
    this.#aborting.abort()
    this.#wake?.()
  }

  async *read(): AsyncGenerator<RowBatch, void, undefined> {
    for (;;) {
      this.signal.throwIfAborted()
      const batch = this.#batches.shift()
      if (batch !== undefined) {
        yield batch
        this.#want()
      } else if (this.#isEnded) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
