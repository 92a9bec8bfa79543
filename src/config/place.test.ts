import { expect, test } from 'vitest'
import { completePlace, formatS3Url, isStoreUrl, keyringOf, parseS3Url } from './place.ts'

test.each([
  's3://bucket',
  's3://bucket/prefix',
  's3://b.u-cket/a/b/c_d.e',
  's3://bucket/p?endpoint=http://127.0.0.1:7480',
  's3://bucket/p?endpoint=https://s3.example.com&region=eu-central-1&profile=off.site&pathStyle=no&objectLock=compliance:30d',
])('formatS3Url() gives back what parseS3Url() read: %s', (place) => {
  expect(formatS3Url(parseS3Url(place))).toBe(place)
})

test('parseS3Url() takes slashes around the prefix and words for yes', () => {
  expect(parseS3Url('s3://bucket/a/b/?pathStyle=1')).toEqual({
    bucket: 'bucket',
    prefix: 'a/b',
    pathStyle: true,
  })
})

test.each([
  ['s3://', 'no name of a bucket'],
  ['s3:///prefix', 'no name of a bucket'],
  ['s3://Bucket/x', 'no name of a bucket'],
  ['s3://bucket/a b', 'its prefix wants letters'],
  ['s3://bucket/a//b', 'its prefix wants letters'],
  ['s3://bucket/../b', 'its prefix wants letters'],
  ['s3://bucket/x#y', 'wanted s3://bucket/prefix'],
  ['s3://bucket/x?regoin=eu', 'regoin is no parameter; did you mean region?'],
  ['s3://bucket/x?endpoint=minio:9000', 'another endpoint, wanted a URL like https://'],
  ['s3://bucket/x?endpoint=http://me:pw@host', 'another endpoint, wanted a URL like https://'],
  ['s3://bucket/x?pathStyle=perhaps', 'another pathStyle, wanted yes or no'],
  ['s3://bucket/x?objectLock=30d', 'another objectLock, wanted governance:DAYSd'],
  ['s3://bucket/x?objectLock=governance:0d', 'another objectLock'],
])('parseS3Url() refuses %s', (place, found) => {
  expect(() => parseS3Url(place)).toThrow(expect.objectContaining({ code: 'config.place-invalid' }))
  expect(() => parseS3Url(place)).toThrow(found)
})

test('parseS3Url() does not tell the credentials that somebody wrote into a place', () => {
  const attempt = () => parseS3Url('s3://AKIAEXAMPLE:s3cret@bucket/prefix')
  expect(attempt).toThrow('found credentials, which belong into the environment')
  expect(attempt).not.toThrow(/s3cret|AKIA/)
})

test('completePlace() fills in what a URL does not say, and leaves what it says', () => {
  const fallback = { region: 'eu-west-1', endpoint: 'http://one', objectLock: 'governance:3d' }
  expect(completePlace('s3://bucket/p?endpoint=http://two', fallback)).toBe(
    's3://bucket/p?endpoint=http://two&region=eu-west-1&objectLock=governance:3d',
  )
  expect(completePlace('s3://bucket/p', { endpoint: 'http://one' })).toBe(
    's3://bucket/p?endpoint=http://one&region=us-east-1',
  )
  expect(completePlace('s3://bucket/p', {})).toBe('s3://bucket/p')
  expect(completePlace('/var/vault', fallback)).toBe('/var/vault')
})

test('keyringOf() is a folder in the vault, never locked', () => {
  expect(keyringOf('/var/vault/')).toBe('/var/vault/keyring')
  expect(keyringOf('s3://bucket')).toBe('s3://bucket/keyring')
  expect(keyringOf('s3://bucket/a?region=x&objectLock=governance:3d')).toBe(
    's3://bucket/a/keyring?region=x',
  )
})

test('isStoreUrl() tells URLs from paths', () => {
  expect(isStoreUrl('azure://container')).toBe(true)
  expect(isStoreUrl('/s3://x')).toBe(false)
  expect(isStoreUrl('./s3')).toBe(false)
})
