import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { S3Account } from './start-radosgw.ts'

/** A request on its way to the server. */
export type FrontRequest = {
  readonly method: string
  /** Bucket and key, with a leading slash. */
  readonly path: string
  /** Counts the requests of this front, from 1. */
  readonly number: number
}

/** What becomes of it. `isApplied`: the server gets it all the same, and its answer is lost. */
export type FrontAction =
  | { readonly kind: 'forward' }
  /** Without `If-None-Match`, as by a server that does not know it. */
  | { readonly kind: 'forget-condition' }
  /** The front keeps the condition itself, for a server that does not where there are versions. */
  | { readonly kind: 'keep-condition' }
  | {
      readonly kind: 'refuse'
      readonly status: number
      readonly code: string
      readonly isApplied?: boolean
    }
  | { readonly kind: 'cut'; readonly isApplied: boolean }
  | { readonly kind: 'hang'; readonly isApplied: boolean }
  /** The answer ends in the middle of its body. */
  | { readonly kind: 'cut-answer' }

export type S3Front = AsyncDisposable & S3Account & { readonly requests: FrontRequest[] }

type Held = FrontRequest & {
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}
type Answer = { readonly status: number; readonly headers: Headers; readonly body: Buffer }

/**
 * A real proxy before a real S3 server, which does to each request what `decide` says. It signs what
 * it hands on anew, since a condition is part of what was signed.
 */
export async function startS3Front(
  account: S3Account,
  decide: (request: FrontRequest) => FrontAction | Promise<FrontAction>,
): Promise<S3Front> {
  const requests: FrontRequest[] = []
  const queues = new Map<string, Promise<unknown>>()
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy())
  })
  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(incoming)
    const url = new URL(incoming.url ?? '/', account.endpoint)
    const method = incoming.method ?? 'GET'
    const request = { method, path: url.pathname, number: requests.length + 1 }
    requests.push(request)
    const held: Held = { ...request, url, headers: incoming.headers, body }
    const action = await decide(request)
    if (action.kind === 'keep-condition') {
      const before = queues.get(url.pathname) ?? Promise.resolve()
      const turn = before.then(() => createGuarded(account, held))
      queues.set(url.pathname, turn)
      return send(response, await turn)
    }
    const isKnown = action.kind === 'refuse' || 'isApplied' in action
    const isForwarded = !isKnown || action.isApplied === true
    const found = isForwarded
      ? await forward(account, held, action.kind === 'forget-condition')
      : undefined
    if (action.kind === 'hang') return
    if (action.kind === 'cut') response.destroy()
    else if (action.kind === 'refuse') send(response, refusal(action.status, action.code))
    else if (found !== undefined) {
      if (action.kind !== 'cut-answer') return send(response, found)
      response.writeHead(found.status, { 'content-length': found.body.byteLength })
      response.write(found.body.subarray(0, found.body.byteLength / 2), () => response.destroy())
    }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    ...account,
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** One create of a key at a time, and none once it is there. */
async function createGuarded(account: S3Account, request: Held): Promise<Answer> {
  if (request.method === 'PUT' && request.headers['if-none-match'] === '*') {
    const { headers } = request
    const empty = createHash('sha256').digest('hex')
    const asked = { 'x-amz-date': headers['x-amz-date'], 'x-amz-content-sha256': empty }
    const head = { ...request, method: 'HEAD', headers: asked, body: Buffer.alloc(0) }
    const found = await forward(account, head, true)
    if (found.status === 200) return refusal(412, 'PreconditionFailed')
  }
  return await forward(account, request, false)
}

async function forward(
  account: S3Account,
  { body, headers, method, url }: Held,
  isConditionForgotten: boolean,
): Promise<Answer> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const isKept = /^(x-amz-|range$|content-type$|content-md5$|if-)/.test(name)
    if (isKept && typeof value === 'string') kept[name] = value
  }
  if (isConditionForgotten) delete kept['if-none-match']
  const authorization = sign(account, { headers: kept, method, url })
  const response = await fetch(url, {
    method,
    headers: { ...kept, authorization },
    ...(body.byteLength > 0 && { body }),
  })
  const { status } = response
  return { status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) }
}

/** AWS Signature Version 4 of a request whose `x-amz-` headers are all there. */
function sign(
  { accessKeyId, secretAccessKey }: S3Account,
  { headers, method, url }: { headers: Record<string, string>; method: string; url: URL },
): string {
  const time = headers['x-amz-date'] ?? ''
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`
  const signed: Record<string, string> = { host: url.host }
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-amz-')) signed[name] = value.trim()
  }
  const names = Object.keys(signed).sort()
  const query = url.search.slice(1).split('&').filter(Boolean).sort()
  const canonical = [
    method,
    url.pathname,
    query.map((one) => (one.includes('=') ? one : `${one}=`)).join('&'),
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'] ?? '',
  ].join('\n')
  const hash = createHash('sha256').update(canonical).digest('hex')
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const credential = `Credential=${accessKeyId}/${scope}`
  return `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
}

function refusal(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`
  return { status, headers: new Headers(), body: Buffer.from(body) }
}

function send(response: ServerResponse, { body, headers, status }: Answer): void {
  const kept = [...headers].filter(([name]) => !/^(connection|transfer-encoding)$/.test(name))
  response.writeHead(status, Object.fromEntries(kept)).end(body)
}
