import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { commitNext } from '#vault/commit-next'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import { addCredential } from '#vault/rotate-keys'
import { RECOVERY_SLOT, splitKeys } from '#vault/split-keys'
import type { Vault } from '#vault/vault'
import { changeCrm, createCrm } from './golden-crm.ts'
import { captureDatabase, clock, DOCUMENT, passphrase } from './golden-life.ts'
import { type Expected, type ExpectedPoint, openStores, signal } from './golden-vault.ts'

/** A smaller life, whose keys are split, used by every hand, and rotated. */
export async function liveInThreeHands(folder: string, scratch: string): Promise<Expected> {
  const stores = await openStores(join(folder, 'vault'))
  const deps = { ...stores, clock, random: systemRandom, stateDir: undefined, signal }
  const { id } = await createVault({ ...deps, passphrase })
  const crm = join(scratch, 'crm.db')
  createCrm(crm)
  const whole = await openVault({ ...deps, passphrase })
  await whole.addSource('crm', signal)
  const points: ExpectedPoint[] = [(await captureDatabase(whole, crm)).point]

  const files = new Map<string, Secret>()
  const save = async (all: ReadonlyMap<string, Secret>) => {
    await mkdir(join(folder, 'keys'), { recursive: true })
    for (const [name, text] of all) {
      files.set(name, text)
      await writeFile(join(folder, 'keys', name), text.reveal())
    }
  }
  const fileOf = (name: string) => files.get(name) ?? new Secret('')
  const openAs = (name: string) => openVault({ ...deps, keyFile: fileOf(`${name}.key`) })
  await splitKeys({ ...deps, passphrase, sources: [], save })

  const capture = await openAs('capture-crm')
  for (const day of ['first', 1] as const) {
    changeCrm(crm, day)
    points.push((await captureDatabase(capture, crm)).point)
  }
  const [first, second, third] = points.map(({ seq }) => seq)
  await letGo(await openAs('custodian'), await openAs('keeper'), {
    held: first ?? 0,
    gone: second ?? 0,
  })
  const slot = { name: RECOVERY_SLOT, text: fileOf(RECOVERY_SLOT) }
  await addCredential({
    ...deps,
    passphrase,
    slot,
    holder: { role: 'restore', source: null },
    folder: {
      has: async () => false,
      readBegun: async () => undefined,
      begin: (name, text) => save(new Map([[name, text]])),
      finish: async () => {},
    },
    isRotation: true,
  })
  // With the keys of the newest epoch.
  const later = await openAs('capture-crm')
  changeCrm(crm, 2)
  points.push((await captureDatabase(later, crm)).point)
  await later.putDocument('config', DOCUMENT, signal)
  await later.putHeads(signal)
  const kept = points.filter(({ seq }) => seq !== second)
  const marked = kept.map((point) => ({
    ...point,
    held: point.seq === first,
    labels: point.seq === third ? ['agreed'] : [],
  }))
  return { vaultId: id, document: DOCUMENT, sources: { crm: marked } }
}

/** The custodian holds and proposes, the keeper agrees. */
async function letGo(
  custodian: Vault,
  keeper: Vault,
  { gone, held }: { readonly held: number; readonly gone: number },
): Promise<void> {
  await commitNext(
    custodian,
    'crm',
    () => ({ kind: 'hold', points: [held], reason: 'audit' }),
    signal,
  )
  await commitNext(
    custodian,
    'crm',
    ({ points }) => ({ kind: 'label', label: 'agreed', point: points.at(-1)?.seq ?? 0 }),
    signal,
  )
  const { basis } = await custodian.readTimeline('crm', signal)
  const agreed = await custodian.cosign('crm', { kind: 'expire', points: [gone], basis }, signal)
  await commitNext(keeper, 'crm', () => agreed, signal)
}
