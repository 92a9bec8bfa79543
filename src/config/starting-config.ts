import { stringify } from 'yaml'

export type StartingConfig = {
  readonly vault: string
  /** `undefined`: inside the vault. */
  readonly keyring?: string | undefined
}

/** The text of a new `holdfast.yaml` without sources, with the examples a person needs to go on. */
export function formatStartingConfig({ vault, keyring }: StartingConfig): string {
  return `# Holdfast's configuration. Every setting: docs/reference/settings.md
# \${NAME} is replaced by the variable NAME of the environment: keep passwords there.

${placeLine('vault', vault)}${keyring === undefined ? '' : placeLine('keyring', keyring)}
# What is backed up. \`holdfast source check NAME\` says whether it can be.
sources:
#  erp:
#    connector: postgres
#    url: \${ERP_URL}
#    exclude: [public.audit_*]
#  billing: { connector: sqlite, file: ./billing.db }

# Where a restore may write. A source is never silently a target.
targets:
#  erp-staging: { connector: postgres, url: \${ERP_STAGING_URL} }
`
}

/** One line `name: place`, quoted where YAML or interpolation would read it otherwise. */
export function placeLine(name: string, place: string): string {
  return stringify({ [name]: place.replaceAll('$', '$$$$') }, { lineWidth: 0 })
}
