import { AppError } from '#stdx/app-error'
import { nearest } from '#stdx/did-you-mean'
import { type SettingName, settingOf } from './settings.ts'

/** A bucket of an S3 store and how it is spoken to, as a URL names it. */
export type S3Url = {
  readonly bucket: string
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string
} & S3Parameters

/** Each is a setting of the process too, which counts where the URL says nothing. */
export type S3Parameters = {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly profile?: string | undefined
  readonly pathStyle?: boolean | undefined
  readonly objectLock?: string | undefined
}

export type S3ParameterName = keyof S3Parameters

/** Parameters of a URL, by the setting that defines them. */
export const S3_SETTINGS = {
  endpoint: 's3Endpoint',
  region: 's3Region',
  profile: 's3Profile',
  pathStyle: 's3PathStyle',
  objectLock: 's3ObjectLock',
} as const satisfies Readonly<Record<S3ParameterName, SettingName>>

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const PREFIX = /^(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/
const PREFIX_BYTES_MAX = 400

/** Whether a place is a URL of a store rather than a path. */
export function isStoreUrl(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place)
}

export function isS3Url(place: string): boolean {
  return place.startsWith('s3://')
}

/**
 * Reads `s3://bucket/prefix?endpoint=...&region=...&profile=...&pathStyle=yes&objectLock=governance:30d`.
 * Credentials never stand in it.
 *
 * @throws config.place-invalid
 */
export function parseS3Url(place: string): S3Url {
  const match = /^s3:\/\/([^/?#]*)\/?([^?#]*)(?:\?([^#]*))?$/.exec(place)
  const [, bucket = '', path = '', query = ''] = match ?? []
  const refuse = (found: string): AppError => {
    // The rest may hold what somebody took for the place of a secret.
    const known = BUCKET.test(bucket) ? `s3://${bucket}` : 's3://'
    const message = `Cannot use the place "${known}...": ${found}`
    return new AppError('config.place-invalid', message)
  }
  if (match === null) throw refuse('wanted s3://bucket/prefix')
  if (bucket.includes('@')) throw refuse('found credentials, which belong into the environment')
  if (!BUCKET.test(bucket)) throw refuse('found no name of a bucket, wanted s3://bucket/prefix')
  const prefix = path.replace(/\/+$/, '')
  if (
    !PREFIX.test(prefix) ||
    prefix.length > PREFIX_BYTES_MAX ||
    /(^|\/)\.\.?(\/|$)/.test(prefix)
  ) {
    throw refuse('its prefix wants letters, digits, dots, dashes and underscores between slashes')
  }
  const parameters: Record<string, string | boolean> = {}
  for (const [name, text] of new URLSearchParams(query)) {
    if (!isParameterName(name)) {
      const meant = nearest(name, Object.keys(S3_SETTINGS))
      throw refuse(
        `${name} is no parameter${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      )
    }
    const value = settingOf(S3_SETTINGS[name]).type.safeParse(text)
    if (!value.success)
      throw refuse(`found another ${name}, wanted ${value.error.issues[0]?.message}`)
    parameters[name] = value.data
  }
  return { bucket, prefix, ...parameters }
}

/** The opposite of `parseS3Url`. */
export function formatS3Url({ bucket, prefix, ...parameters }: S3Url): string {
  const query = Object.keys(S3_SETTINGS)
    .filter(isParameterName)
    .flatMap((name) => {
      const value = parameters[name]
      if (value === undefined) return []
      const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : value
      return [`${name}=${encodeURIComponent(text).replace(/%(3A|2F)/g, decodeURIComponent)}`]
    })
  const path = prefix === '' ? '' : `/${prefix}`
  return `s3://${bucket}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

/** The place with what it does not say filled in; a path or another URL stays as it is. */
export function completePlace(place: string, fallback: S3Parameters): string {
  if (!isS3Url(place)) return place
  const said = parseS3Url(place)
  const endpoint = said.endpoint ?? fallback.endpoint
  return formatS3Url({
    ...said,
    endpoint,
    // Stores of others want some region in a signature and look at none.
    region: said.region ?? fallback.region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    profile: said.profile ?? fallback.profile,
    pathStyle: said.pathStyle ?? fallback.pathStyle,
    objectLock: said.objectLock ?? fallback.objectLock,
  })
}

/** Where a vault's keyring is unless it is said: inside, and never locked, as keys must go at once. */
export function keyringOf(vault: string): string {
  if (!isS3Url(vault)) return placeBelow(vault, 'keyring')
  const { objectLock: _, ...url } = parseS3Url(vault)
  return placeBelow(formatS3Url(url), 'keyring')
}

/** The folder `name` in a place. */
export function placeBelow(place: string, name: string): string {
  if (!isS3Url(place)) return `${place.replace(/\/$/, '')}/${name}`
  const url = parseS3Url(place)
  return formatS3Url({ ...url, prefix: url.prefix === '' ? name : `${url.prefix}/${name}` })
}

function isParameterName(name: string): name is S3ParameterName {
  return Object.hasOwn(S3_SETTINGS, name)
}
