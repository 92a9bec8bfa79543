import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { bucketClient, describeS3, freshBucket } from '#test/servers/fresh-bucket'
import { type FrontAction, startS3Front } from '#test/servers/s3-front'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, lastLine } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
  rescued: { connector: sqlite, file: ./rescued.db }
`

/** Some 2 MB that nothing makes smaller: objects that come in pieces, beyond what is kept in memory. */
const NOISE = `CREATE TABLE noise (id INTEGER PRIMARY KEY, text TEXT);
  WITH RECURSIVE count (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < 20000)
  INSERT INTO noise SELECT i, hex(randomblob(100)) FROM count`

const forward: FrontAction = { kind: 'forward' }

describeS3('a vault in a bucket', () => {
  test('is made, filled, looked at, restored from and checked, and recovers an empty machine', async () => {
    const { bucket, environment } = await freshBucket()
    const { answer, folder, holdfast } = await aTraveller(environment)
    const source = join(folder, 'erp.db')
    const config = join(folder, 'holdfast.yaml')
    createExample(source)
    change(source, NOISE)
    const before = readAll(source)
    await writeFile(config, `vault: s3://${bucket}/firm/vault\n${CONFIG}`)
    const init = await holdfast('init')
    expect(init.exit, init.stderr).toBe(0)
    expectFailure(await holdfast('init'), 2, 'vault.exists')
    const first = await holdfast('backup', '--json')
    expect(first.exit, first.stderr).toBe(0)
    const { point } = lastLine<{ point: string }>(first)
    change(source, `UPDATE customer SET iban = 'XX' || id WHERE id <= 20`)
    const second = await holdfast('backup', '--json')
    expect(second.exit, second.stderr).toBe(0)

    expect(await answer('points')).toHaveLength(2)
    expect(await answer('show', point, 'main.customer', '7')).toMatchObject({
      fields: { iban: 'DE7' },
    })
    const restore = await holdfast('restore', point, '--to', 'copy', '--yes', '--json')
    expect(restore.exit, restore.stderr).toBe(0)
    expect(readAll(join(folder, 'copy.db'))).toEqual(before)
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', problems: [] })
    const doctor = await holdfast('doctor')
    expect(doctor.exit, doctor.stdout).toBe(0)

    await rm(config)
    await rm(source)
    const recovered = await holdfast('recover', '--vault', `s3://${bucket}/firm/vault`)
    expect(recovered.exit, recovered.stderr).toBe(0)
    expect(await readFile(config, 'utf8')).toContain(
      `vault: s3://${bucket}/firm/vault?endpoint=http`,
    )
    expect(await holdfast('restore', point, '--to', 'rescued', '--yes')).toMatchObject({ exit: 0 })
    expect(readAll(join(folder, 'rescued.db'))).toEqual(before)
  })

  test('may have its keyring in another bucket, and a first configuration names both', async () => {
    const vault = await freshBucket()
    const keyring = await freshBucket()
    const { folder, holdfast } = await aTraveller(vault.environment)
    createExample(join(folder, 'erp.db'))
    const places = ['--vault', `s3://${vault.bucket}`, '--keyring', `s3://${keyring.bucket}/keys`]
    const init = await holdfast('init', ...places)
    expect(init.exit, init.stderr).toBe(0)
    const config = join(folder, 'holdfast.yaml')
    const text = await readFile(config, 'utf8')
    expect(text).toContain(`keyring: s3://${keyring.bucket}/keys?endpoint=`)
    await writeFile(config, text.replace(/^sources:\n/m, CONFIG.split('targets')[0] ?? ''))
    const backup = await holdfast('backup')
    expect(backup.exit, backup.stderr).toBe(0)
    expect(await holdfast('check')).toMatchObject({ exit: 0 })
  })

  test('is not written to any more when something before it ignores conditions', async () => {
    const at = await freshBucket()
    await using front = await startS3Front(at, () => ({ kind: 'forget-condition' }))
    const { answer, folder, holdfast, holdfastWith } = await aTraveller(at.environment)
    createExample(join(folder, 'erp.db'))
    await writeFile(join(folder, 'holdfast.yaml'), `vault: s3://${at.bucket}/v\n${CONFIG}`)
    expect(await holdfast('init')).toMatchObject({ exit: 0 })
    expect(await holdfast('backup')).toMatchObject({ exit: 0 })
    const environment = { HOLDFAST_S3_ENDPOINT: front.endpoint }
    expectFailure(await holdfastWith(environment, 'backup'), 20, 'store.not-conditional')
    expect(await answer('points')).toHaveLength(1)
    expect(await answer('check')).toMatchObject({ verdict: 'whole' })
  })

  test('goes on through answers that are lost or refused in passing', async () => {
    const at = await freshBucket()
    const disturbances: FrontAction[] = [
      { kind: 'refuse', status: 503, code: 'SlowDown' },
      { kind: 'cut', isApplied: true },
      { kind: 'refuse', status: 500, code: 'InternalError', isApplied: true },
    ]
    await using front = await startS3Front(at, ({ number }) =>
      number % 5 === 0 ? (disturbances[(number / 5) % 3] ?? forward) : forward,
    )
    const environment = { ...at.environment, HOLDFAST_S3_ENDPOINT: front.endpoint }
    const { answer, folder, holdfast } = await aTraveller(environment)
    const source = join(folder, 'erp.db')
    createExample(source)
    await writeFile(join(folder, 'holdfast.yaml'), `vault: s3://${at.bucket}/v\n${CONFIG}`)
    for (const argv of [['init'], ['backup'], ['backup', '--full']]) {
      const run = await holdfast(...argv)
      expect(run.exit, run.stderr).toBe(0)
    }
    expect(await answer('points')).toHaveLength(2)
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', problems: [] })
    expect(await holdfast('restore', 'erp@latest', '--to', 'copy', '--yes')).toMatchObject({
      exit: 0,
    })
    expect(readAll(join(folder, 'copy.db'))).toEqual(readAll(source))
    expect(front.requests.length).toBeGreaterThan(50)
  })

  test('that is not there, or may not be read, says so', async () => {
    const { bucket, environment, secretAccessKey } = await freshBucket()
    const { holdfast } = await aTraveller(environment)
    const empty = await holdfast('points', '--vault', `s3://${bucket}/nothing`)
    expect(empty).toMatchObject({ exit: 10 })
    expect(empty.stderr).toContain(`s3://${bucket}/nothing`)
    const missing = await holdfast('points', '--vault', 's3://there-is-no-such-bucket/x')
    expect(missing).toMatchObject({ exit: 20 })
    expect(missing.stderr).toContain('the bucket does not exist')
    const other = await aTraveller({
      ...environment,
      AWS_SECRET_ACCESS_KEY: `not${secretAccessKey}`,
    })
    const denied = await other.holdfast('points', '--vault', `s3://${bucket}/x`)
    expect(denied).toMatchObject({ exit: 1 })
    expect(denied.stderr).toContain('403')
    expect(denied.stderr).not.toContain(secretAccessKey)
    expect(await holdfast('points', '--vault', 's3://bucket/x?regoin=y')).toMatchObject({ exit: 2 })
  })
})

type StoreCheck = {
  readonly verdict: string
  readonly left: { readonly objects: number }
  readonly properties: readonly { readonly property: string; readonly verdict: string }[]
}

function failedOf({ properties }: StoreCheck): string[] {
  return properties.filter(({ verdict }) => verdict === 'failed').map(({ property }) => property)
}

describeS3('store check', () => {
  test('finds a bucket fit, and a folder, and leaves nothing in either', async () => {
    const at = await freshBucket()
    const { answer, folder, holdfast } = await aTraveller(at.environment)
    const found = await answer<StoreCheck>('store', 'check', `s3://${at.bucket}/firm`)
    expect(found).toMatchObject({ verdict: 'fit', left: { objects: 0 } })
    expect(found.properties).toContainEqual(
      expect.objectContaining({ property: 'one winner', verdict: 'ok', found: '' }),
    )
    const listed = await bucketClient(at).send(new ListObjectsV2Command({ Bucket: at.bucket }))
    expect(listed.KeyCount).toBe(0)

    expect(await holdfast('store', 'check', './missing')).toMatchObject({ exit: 20 })
    await mkdir(join(folder, 'disk'))
    const local = await holdfast('store', 'check', './disk')
    expect(local).toMatchObject({ exit: 0 })
    expect(local.stdout).toContain(`${join(folder, 'disk')} is fit for a vault.`)
    expect(await readdir(join(folder, 'disk'))).toEqual([])
  })

  test('refuses a bucket where conditions are ignored, and so does init', async () => {
    const at = await freshBucket()
    await using front = await startS3Front(at, () => ({ kind: 'forget-condition' }))
    const environment = { ...at.environment, HOLDFAST_S3_ENDPOINT: front.endpoint }
    const { answerWith, holdfast } = await aTraveller(environment)
    const found = await answerWith<StoreCheck>(20, 'store', 'check', `s3://${at.bucket}/firm`)
    expect(found.verdict).toBe('unfit')
    expect(failedOf(found)).toEqual(['create only', 'one winner'])
    const init = await holdfast('init', '--vault', `s3://${at.bucket}/firm`)
    expectFailure(init, 20, 'store.not-conditional')
    const listed = await bucketClient(at).send(new ListObjectsV2Command({ Bucket: at.bucket }))
    expect(listed.KeyCount).toBe(0)
  })

  test('tries locks where they are set, and finds that this server forgets conditions there', async () => {
    const at = await freshBucket({ isLockable: true })
    const environment = { ...at.environment, HOLDFAST_S3_OBJECT_LOCK: 'governance:1d' }
    const { answerWith } = await aTraveller(environment)
    const found = await answerWith<StoreCheck>(20, 'store', 'check', `s3://${at.bucket}/firm`)
    expect(failedOf(found)).toEqual(['create only', 'one winner'])
    expect(found.properties.at(-1)).toMatchObject({ property: 'object lock', verdict: 'ok' })
    // What was locked for a day stays for a day.
    expect(found.left.objects).toBeGreaterThan(5)
  })

  test('says that nothing more was tried where the credentials are wrong', async () => {
    const at = await freshBucket()
    const environment = { ...at.environment, AWS_SECRET_ACCESS_KEY: 'wrong' }
    const { holdfast } = await aTraveller(environment)
    const run = await holdfast('store', 'check', `s3://${at.bucket}`)
    expect(run).toMatchObject({ exit: 20 })
    expect(run.stdout).toMatch(/reachable +failed +.*403/)
  })
})

describeS3('a vault under Object Lock', () => {
  test('locks what it stores, but not its keyring, and is whole', async () => {
    const at = await freshBucket({ isLockable: true })
    await using front = await startS3Front(at, () => ({ kind: 'keep-condition' }))
    const environment = {
      ...at.environment,
      HOLDFAST_S3_ENDPOINT: front.endpoint,
      HOLDFAST_S3_OBJECT_LOCK: 'compliance:3d',
    }
    const { answer, folder, holdfast } = await aTraveller(environment)
    createExample(join(folder, 'erp.db'))
    await writeFile(join(folder, 'holdfast.yaml'), `vault: s3://${at.bucket}/v\n${CONFIG}`)
    expect(await holdfast('init')).toMatchObject({ exit: 0 })
    const backup = await holdfast('backup')
    expect(backup.exit, backup.stderr).toBe(0)
    for (const command of ['collect', 'doctor']) {
      const run = await holdfast(command)
      expect(run.exit, run.stdout + run.stderr).toBe(0)
    }
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })

    const client = bucketClient(at)
    const listed = await client.send(new ListObjectsV2Command({ Bucket: at.bucket }))
    const keys = (listed.Contents ?? []).map(({ Key = '' }) => Key)
    expect(keys.filter((key) => /probe|clock/.test(key))).toEqual([])
    for (const Key of keys) {
      const head = await client.send(new HeadObjectCommand({ Bucket: at.bucket, Key }))
      const isOfKeyring = Key.startsWith('v/keyring/')
      expect(head.ObjectLockMode, Key).toBe(isOfKeyring ? undefined : 'COMPLIANCE')
    }
    expect(keys.some((key) => key.startsWith('v/keyring/'))).toBe(true)
    expect(keys.some((key) => key.startsWith('v/segments/'))).toBe(true)
  })
})
