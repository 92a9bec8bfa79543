import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { assert } from '#stdx/assert'
import type { Secret } from '#stdx/secret'
import { addCredential, type HolderName, revokeCertificate } from '#vault/rotate-keys'
import { fileNameOf, splitKeys } from '#vault/split-keys'
import type { Actor, Turn } from '../actor.ts'
import { type BegunFile, COST, PASSPHRASE } from '../key-cabinet.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Has the recovery slot and its passphrase: splits the keys, hands out credentials, takes them back. */
export function locksmith(name: string, sources: readonly string[]): Actor {
  return {
    name,
    holds: 'everything',
    restMs: 6 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      turn.cabinet.isChanging = true
      if (turn.cabinet.slot === undefined) await split(turn, sources)
      else await change(turn, sources)
      turn.cabinet.isChanging = false
    },
  }
}

async function split(turn: Turn, sources: readonly string[]): Promise<void> {
  const { cabinet, log } = turn
  const save = (files: ReadonlyMap<string, Secret>) => cabinet.keepSplit(files)
  const request = { ...requestOf(turn), passphrase: PASSPHRASE, sources, save, cost: COST }
  const { problems, resealed } = await splitKeys(request)
  log(`split the keys, sealed ${resealed} anew`)
  refuseProblems(turn, problems)
}

async function change(turn: Turn, sources: readonly string[]): Promise<void> {
  const { cabinet, chance } = turn
  const owner = chance.pick(cabinet.owners())
  // What was interrupted is finished by whatever comes next.
  const mayRevoke = owner !== undefined && cabinet.begun === undefined
  if (mayRevoke && chance.happens(0.3)) await revoke(turn, owner)
  else await make(turn, cabinet.begun ?? begin(turn, sources))
}

function pickHolder({ chance }: Turn, sources: readonly string[]): HolderName {
  const role = chance.pick(['capture', 'capture', 'restore', 'keeper', 'custodian'] as const)
  assert(role !== undefined, 'There are roles.')
  return { role, source: role === 'capture' ? (chance.pick(sources) ?? null) : null }
}

/** A further credential for somebody, or one in the place of all that a role had. */
function begin(turn: Turn, sources: readonly string[]): BegunFile {
  const { chance, people } = turn
  const holder = pickHolder(turn, sources)
  const isOf = ({ holds }: Turn['people'][number]) =>
    holds !== 'everything' && fileNameOf(holds) === fileNameOf(holder)
  const person = chance.happens(0.6) ? undefined : chance.pick(people.filter(isOf))
  return { holder, person: person?.name, files: new Map() }
}

async function make(turn: Turn, begun: BegunFile): Promise<void> {
  const { cabinet, log, people } = turn
  cabinet.begun = begun
  const { files, holder, person } = begun
  const file = fileNameOf(holder)
  const isRotation = person === undefined
  const folder = {
    has: async () => false,
    readBegun: async (name: string) => files.get(name),
    begin: async (name: string, text: Secret) => void files.set(name, text),
    finish: async () => {},
  }
  const request = { ...requestOf(turn), passphrase: PASSPHRASE, slot: cabinet.slot }
  const { problems } = await addCredential({ ...request, holder, folder, isRotation })
  refuseProblems(turn, problems)
  const text = files.get(file)
  assert(text !== undefined, 'What was made was saved before.')
  if (isRotation) cabinet.replace(holder, people, text)
  else cabinet.give(person, text)
  cabinet.begun = undefined
  log(isRotation ? `rotated ${file}` : `gave ${person} a ${file}`)
}

async function revoke(turn: Turn, owner: string): Promise<void> {
  const { cabinet, log } = turn
  const credential = cabinet.takeBack(owner)
  assert(credential !== undefined, 'An owner has one.')
  const [seed] = [
    ...Object.values(credential.signing),
    ...Object.values(credential.sources).map(({ signing }) => signing),
  ]
  assert(seed !== undefined, 'A credential signs.')
  const id = signingKeyId(signingPublicKeyOf(seed))
  const request = { ...requestOf(turn), passphrase: PASSPHRASE, slot: cabinet.slot, id }
  const { problems } = await revokeCertificate(request)
  log(`revoked what ${owner} had`)
  refuseProblems(turn, problems)
}

function requestOf({ clock, random, raw, signal }: Turn) {
  return { store: raw.store, keyring: raw.keyring, clock, random, stateDir: undefined, signal }
}

/** Every keyring object opens for today's keys, unless a fault explains it. */
function refuseProblems(
  { isMisled }: Turn,
  problems: readonly { readonly object: string; readonly problem: string }[],
): void {
  const [problem] = problems
  const found = `${problem?.object} was not sealed anew: ${problem?.problem}`
  must(problem === undefined || isMisled(), 'I1', found)
}
