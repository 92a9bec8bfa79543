/** Which bucket, below which prefix, and how it is spoken to. Credentials are the SDK's own affair. */
export type S3Place = {
  readonly bucket: string
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string
  /** `undefined`: Amazon's own, or what the environment of the SDK names. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  /** Profile of the credentials file. */
  readonly profile: string | undefined
  /** Bucket in the path instead of in the host name. */
  readonly isPathStyle: boolean
  /** What new objects are locked with, if anything. */
  readonly lock: S3Lock | undefined
}

/** In both modes nobody overwrites or deletes; from `governance` an account with a right of its own is free. */
export type S3Lock = { readonly mode: 'governance' | 'compliance'; readonly days: number }

/** For messages: no parameters, nothing secret. */
export function labelOf({ bucket, prefix }: S3Place): string {
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`
}
