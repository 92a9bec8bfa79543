import type { Cut } from '#record/cut'
import { type Certificate, formatCertificate, parseCertificate } from '#seal/certificate'
import type { Role, VaultId } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { signingPublicKeyOf } from '#seal/signing-pair'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { createMemoryStore } from '#store/testing/memory-store'
import { appendEntry } from '../append-entry.ts'
import type { CaptureBody, EntryBody } from '../entry.ts'
import { formatEntry, hashEntry } from '../envelope.ts'
import { foldTimeline } from '../fold-timeline.ts'
import { createHeadMemory } from '../head-memory.ts'
import { readChain } from '../read-chain.ts'
import type { Author } from '../sealed-statement.ts'

/** Timelines in memory with authors of every role, for tests that cheat. */
export const { signal } = new AbortController()
const vaultId = 'a'.repeat(32) as VaultId
const rootSeed = new Uint8Array(32).fill(1)
const rootPublicKey = signingPublicKeyOf(rootSeed)

/** Counts its seconds by being asked, and sleeps in no time. */
export function aClock(): Clock {
  let nowMs = Date.UTC(2026, 0, 1)
  const later = () => {
    nowMs += 1000
    return nowMs
  }
  return {
    nowMs: later,
    passedMs: later,
    sleep: async (_ms, until) => until.throwIfAborted(),
  }
}

export function aTimelines() {
  const store = createMemoryStore()
  const certificates = new Map<string, Certificate>()
  const deps = {
    vaultId,
    logKey: new Uint8Array(32).fill(2),
    store,
    memory: createHeadMemory(),
    clock: aClock(),
    random: systemRandom,
    findCertificate: async (id: string) => certificates.get(id),
  }

  function anAuthor(role: Role, source: string | null = null): Author {
    const seed = systemRandom.bytes(32)
    const publicKey = signingPublicKeyOf(seed)
    const sealingKey = role === 'capture' ? publicKeyOf(seed) : null
    const body = { vaultId, role, source, epoch: 1, publicKey, sealingKey }
    const text = formatCertificate(rootSeed, body)
    const certificate = parseCertificate({ vaultId, rootPublicKey }, role, text)
    certificates.set(certificate.id, certificate)
    return { certificateId: certificate.id, seed }
  }

  async function chain(source: string) {
    // A memory of its own: what a reader sees who has seen nothing before.
    return await readChain({ ...deps, memory: createHeadMemory() }, source, { signal })
  }

  async function append(source: string, body: EntryBody, author: Author) {
    return await appendEntry(deps, { after: await chain(source), body, author }, signal)
  }

  /** A timeline with its genesis and this many captures. */
  async function begin(source: string, captures: number): Promise<Author> {
    const author = anAuthor('capture', source)
    await append(source, { kind: 'genesis', source }, author)
    for (let i = 0; i < captures; i++) await append(source, await nextCapture(source), author)
    return author
  }

  /** The same at the cost of one entry each, however many. */
  function beginLong(source: string, captures: number, cutOf = (_: number) => A_CUT): Author {
    const author = anAuthor('capture', source)
    let previous: string | null = null
    for (let seq = 0; seq <= captures; seq++) {
      const base = seq < 2 ? null : seq - 1
      const capture = aCaptureBody(base, { cut: cutOf(seq), ...(seq > 1 && { catalogue: null }) })
      const body: EntryBody = seq === 0 ? { kind: 'genesis', source } : capture
      const at = { source, seq, previous, voids: [], time: '2026-01-01T00:00:00Z' }
      const bytes = formatEntry(deps, { ...at, body }, author)
      store.objects.set(object(seq, source), bytes)
      previous = hashEntry(bytes)
    }
    return author
  }

  async function nextCapture(source: string): Promise<CaptureBody> {
    return aCaptureBody(foldTimeline(await chain(source)).points.at(-1)?.seq ?? null)
  }

  const read = async (source: string) => foldTimeline(await chain(source))
  const object = (seq: number, source = 'erp') =>
    `timelines/${source}/${String(seq).padStart(10, '0')}.entry`
  return { store, deps, anAuthor, append, begin, beginLong, chain, nextCapture, object, read }
}

const A_CUT: Cut = {
  position: '1',
  time: '2026-06-30T12:00:00Z',
  identity: { system: 'here', database: 'erp' },
}

export function aCaptureBody(base: number | null, change: Partial<CaptureBody> = {}): CaptureBody {
  return {
    kind: 'capture',
    session: Buffer.from(systemRandom.bytes(16)).toString('hex'),
    base,
    connector: 'sqlite',
    cut: A_CUT,
    catalogue: { definition: null, notRestored: [] },
    sequences: {},
    leftOut: [],
    entities: [],
    schemas: [],
    segments: [],
    bytesStored: 0,
    durationMs: 0,
    ...change,
  }
}
