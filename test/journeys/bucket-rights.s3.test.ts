import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import {
  bucketClient,
  describeS3,
  environmentOf,
  type FreshBucket,
  freshBucket,
} from '#test/servers/fresh-bucket'
import { change, createExample } from './testing/example-database.ts'
import { aTraveller } from './testing/traveller.ts'

const GUIDE = new URL('../../docs/guides/s3.md', import.meta.url)

/** The policy of the guide, for this bucket and its users; without what only Amazon knows. */
async function readPolicy({ bucket }: FreshBucket): Promise<string> {
  const text = /```json\n([\s\S]*?)```/.exec(await readFile(GUIDE, 'utf8'))?.[1] ?? ''
  const named = text
    .replaceAll('my-bucket', bucket)
    .replace(/"(CAPTURE|CUSTODIAN|KEEPER|RESTORE|AUDITOR)"/g, (_, role: string) => {
      const user = role === 'CAPTURE' ? 'capture' : 'custodian'
      return `"arn:aws:iam:::user/${user}"`
    })
  const policy: { Statement: { Sid: string }[] } = JSON.parse(named)
  const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'NobodyWritesOver')
  return JSON.stringify({ ...policy, Statement })
}

describeS3('the policy of the guide', () => {
  test('lets a capture back up and delete nothing, and a custodian collect', async () => {
    const at = await freshBucket()
    const client = bucketClient(at)
    const Policy = await readPolicy(at)
    await client.send(new PutBucketPolicyCommand({ Bucket: at.bucket, Policy }))
    const { folder, holdfast, holdfastWith } = await aTraveller(at.environment)
    const source = join(folder, 'erp.db')
    createExample(source)
    const sources =
      'sources:\n  erp: { connector: sqlite, file: ./erp.db, retention: { keepMin: 1 } }\n'
    await writeFile(join(folder, 'holdfast.yaml'), `vault: s3://${at.bucket}/vault\n${sources}`)
    expect(await holdfast('init')).toMatchObject({ exit: 0 })

    const asCapture = environmentOf(at.others.capture)
    // Certifies the source.
    expect(await holdfast('backup')).toMatchObject({ exit: 0 })
    for (let i = 0; i < 2; i++) {
      change(source, `UPDATE customer SET iban = 'X${i}' || id`)
      const backup = await holdfastWith(asCapture, 'backup')
      expect(backup.exit, backup.stderr).toBe(0)
    }
    const captures = bucketClient(at.others.capture)
    const listed = await captures.send(new ListObjectsV2Command({ Bucket: at.bucket }))
    for (const { Key } of listed.Contents ?? []) {
      const attempt = captures.send(new DeleteObjectCommand({ Bucket: at.bucket, Key }))
      await expect(attempt).rejects.toMatchObject({ name: 'AccessDenied' })
    }
    const asCustodian = environmentOf(at.others.custodian)
    for (const command of ['compact', 'expire', 'collect', 'check']) {
      const run = await holdfastWith(asCustodian, command)
      expect(run.exit, run.stderr).toBe(0)
    }
    const outside = bucketClient(at.others.custodian).send(
      new DeleteObjectCommand({ Bucket: at.bucket, Key: 'vault/vault.json' }),
    )
    await expect(outside).rejects.toMatchObject({ name: 'AccessDenied' })
    const show = ['show', 'erp@latest', 'main.customer', '7', '--json']
    const shown = await holdfastWith(asCustodian, ...show)
    expect(JSON.parse(shown.stdout)).toMatchObject({ fields: { iban: 'X17' } })
  })
})
