import { access, constants, statfs } from 'node:fs/promises'
import type { Config } from '#config/config'
import { isStoreUrl } from '#config/place'
import { makeFolder } from '#stdx/make-folder'
import { parseObjectName } from '#store/object-name'
import { probeStore } from '#store/probe-store'
import { mayHidePoint } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { checkSource } from './check-source.ts'
import type { Context } from './context.ts'
import { describeHolder, examineCredentialFile } from './examine/examine-credential.ts'
import { examineDrills } from './examine/examine-drills.ts'
import { examineFollowing } from './examine/examine-following.ts'
import { attempt, type Finding, good } from './examine/finding.ts'
import { examineRestores } from './examine-restores.ts'

export type { Finding } from './examine/finding.ts'

export type ExamineSetupDeps = Pick<
  Context,
  | 'canaryStatements'
  | 'clock'
  | 'configPath'
  | 'credentialFile'
  | 'openCanary'
  | 'openSource'
  | 'openStore'
  | 'openVault'
  | 'random'
  | 'readConfig'
>

const FREE_BYTES_MIN = 1_000_000_000
const CLOCK_AHEAD_MS_MAX = 5 * 60_000
const NODE_WANTED = [24, 7] as const

/**
 * Looks at everything that a backup needs, in the order in which it is needed, and says of each what
 * was found. Never fails: a failure is a finding. Changes nothing but a probe that it removes.
 */
export async function* examineSetup(
  deps: ExamineSetupDeps,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  yield examineNode()
  const [config, configFinding] = await attempt('configuration', () => deps.readConfig())
  yield configFinding ?? good('configuration', config?.file ?? 'flags and environment only')
  if (config === undefined) return
  yield* examineFolders(config)
  const [vault, findings] = await examineVault(deps, config, signal)
  yield* findings
  if (vault !== undefined) {
    yield* examineTimelines(deps, vault, signal)
    yield* examineRestores(vault, signal)
    yield* examineDrills(deps, vault, signal)
  }
  yield* examineSources(deps, { config, vault }, signal)
}

function examineNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [majorWanted, minorWanted] = NODE_WANTED
  const isNew = major > majorWanted || (major === majorWanted && minor >= minorWanted)
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`
  if (isNew) return good('Node.js', found)
  const fix = `Install Node.js ${NODE_WANTED.join('.')} or newer, or run npm install in a clone.`
  return { check: 'Node.js', verdict: 'bad', found, fix }
}

async function* examineFolders(config: Config): AsyncGenerator<Finding, void, undefined> {
  const folders = [
    ['state folder', config.stateDir],
    ['temporary folder', config.tempDir],
  ] as const
  for (const [check, folder] of folders) {
    const problem = await findFolderProblem(folder)
    const fix = `Make ${folder} a folder that this account may write, or name another one.`
    yield problem === undefined
      ? good(check, folder)
      : { check, verdict: 'bad', found: `${folder}: ${problem}`, fix }
  }
}

async function findFolderProblem(folder: string): Promise<string | undefined> {
  try {
    await makeFolder(folder)
    await access(folder, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be written'
  }
}

async function examineVault(
  deps: ExamineSetupDeps,
  config: Config,
  signal: AbortSignal,
): Promise<[Vault | undefined, Finding[]]> {
  const findings: Finding[] = []
  const [place, placeFinding] = await attempt('vault', async () => {
    const store = deps.openStore(config.readVault())
    const found = await store.stat(parseObjectName('vault.json'), signal)
    return { store, isThere: found !== undefined, keyring: deps.openStore(config.readKeyring()) }
  })
  if (place === undefined) return [undefined, placeFinding === undefined ? [] : [placeFinding]]
  const { isThere, keyring, store } = place
  if (!isThere) {
    const fix =
      'Run `holdfast init` to make a vault there, or correct `vault:`; a disk may not be mounted.'
    const found = `${store.label} holds no vault.json`
    return [undefined, [{ check: 'vault', verdict: 'bad', found, fix }]]
  }
  findings.push(good('vault', store.label))
  // In folders that every vault has, so that nothing is left behind.
  for (const { check, folder, probed } of [
    { check: 'put-if-absent', folder: 'roles', probed: store },
    { check: 'put-if-absent of the keyring', folder: 'slots', probed: keyring },
  ]) {
    const options = { folder, signal }
    const [, finding] = await attempt(check, () => probeStore(probed, deps.random, options))
    findings.push(finding ?? good(check, 'exactly one of several writers wins'))
  }
  findings.push(...(await examineSpace(store.label)))
  findings.push(...(await examineCredentialFile(deps.credentialFile)))
  const check = deps.credentialFile === undefined ? 'passphrase' : 'credential'
  const [vault, keyFinding] = await attempt(check, () => deps.openVault(signal))
  if (keyFinding !== undefined) findings.push(keyFinding)
  if (vault !== undefined) {
    findings.push(good(check, `opens vault ${vault.id}: ${describeHolder(vault.holder)}`))
  }
  return [vault, findings]
}

async function examineSpace(place: string): Promise<Finding[]> {
  if (isStoreUrl(place)) return []
  const { bavail, bsize } = await statfs(place)
  const freeBytes = bavail * bsize
  const found = `${Math.round(freeBytes / 1e6)} MB at ${place}`
  if (freeBytes >= FREE_BYTES_MIN) return [good('free space', found)]
  const fix = `Make room: at least ${FREE_BYTES_MIN / 1e9} GB should be free where the vault is.`
  return [{ check: 'free space', verdict: 'bad', found, fix }]
}

async function* examineTimelines(
  { clock }: Pick<Context, 'clock'>,
  vault: Vault,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const [sources, finding] = await attempt('timelines', () => vault.listSources(signal))
  if (finding !== undefined) yield finding
  let newestMs = 0
  for (const name of sources ?? []) {
    const check = `timeline ${name}`
    const [state, problem] = await attempt(check, () => vault.readTimeline(name, signal))
    if (problem !== undefined) yield problem
    if (state === undefined) continue
    const last = state.points.at(-1)
    newestMs = Math.max(newestMs, last === undefined ? 0 : Date.parse(last.time))
    const newest =
      last === undefined ? 'no point yet' : `newest ${name}@${last.seq} of ${last.time}`
    const incident = state.incidents.at(-1)
    // What later entries got over is for ever among them.
    yield incident === undefined || !mayHidePoint(state)
      ? good(check, `${state.points.length} points, ${newest}`)
      : { check, verdict: 'bad', found: incident.problem, fix: 'Run `holdfast check --read-data`.' }
  }
  yield examineClock(clock.nowMs(), newestMs)
}

function examineClock(nowMs: number, newestMs: number): Finding {
  const found = new Date(nowMs).toISOString()
  if (newestMs - nowMs <= CLOCK_AHEAD_MS_MAX) return good('clock', found)
  return {
    check: 'clock',
    verdict: 'bad',
    found: `${found}, but the newest point is of ${new Date(newestMs).toISOString()}`,
    fix: 'Set the clock of this machine (`timedatectl set-ntp true`), or of the one that made that point.',
  }
}

async function* examineSources(
  deps: ExamineSetupDeps,
  { config: { sources }, vault }: { readonly config: Config; readonly vault: Vault | undefined },
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const names = Object.keys(sources)
  if (names.length === 0) {
    const fix = 'Add one under `sources:` of holdfast.yaml.'
    yield { check: 'sources', verdict: 'skipped', found: 'none is configured', fix }
  }
  for (const name of names) {
    const check = `source ${name}`
    const [answer, problem] = await attempt(check, () => checkSource(deps, name, signal))
    if (problem !== undefined) yield problem
    if (answer === undefined) continue
    const covered = answer.entities.filter(({ isCovered }) => isCovered).length
    const found = `${covered} of ${answer.entities.length} entities are covered`
    if (answer.grants.length > 0) {
      const fix = `Run, or exclude those entities: ${answer.grants.join(' ')}`
      yield { check, verdict: 'bad', found: `${answer.grants.length} rights are missing`, fix }
    } else if (answer.idle.length > 0) {
      const idle = `${answer.idle.join(', ')} of \`include\` matches nothing`
      const fix = 'Correct the glob; `holdfast source discover` lists the names.'
      yield { check, verdict: 'bad', found: `${found}; ${idle}`, fix }
    } else yield good(check, found)
    yield* await examineFollowing(deps, vault, name, signal)
  }
}
