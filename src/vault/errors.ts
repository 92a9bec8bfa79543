import type { ErrorSpec } from '#stdx/app-error'

export const VAULT_ERRORS = {
  'vault.not-found': {
    status: 404,
    exit: 10,
    retry: 'after-fix',
    help: 'There is no vault at this place. Check `vault:` in holdfast.yaml and that its disk is mounted; `holdfast init` creates a new one.',
  },
  'vault.exists': {
    status: 409,
    exit: 2,
    retry: 'never',
    help: 'There is a vault, or what is left of one, at this place, and Holdfast never writes over one. Choose an empty folder for a new vault, or open this one with its passphrase.',
  },
  'vault.format-unsupported': {
    status: 500,
    exit: 10,
    retry: 'after-fix',
    help: 'The vault was written by a newer Holdfast. Use the version that wrote it, or a newer one.',
  },
  'vault.not-authentic': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'The vault file is not the one that was written when the vault was created, or belongs to another vault than the credential. Take vault.json from a replica, or use the right credential.',
  },
  'vault.passphrase-empty': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'A vault needs a passphrase: whoever has the folder could otherwise read everything in it.',
  },
  'vault.slot-missing': {
    status: 404,
    exit: 12,
    retry: 'after-fix',
    help: 'The keyring is not there, or holds no slot that a passphrase could open. Check `keyring:` in holdfast.yaml or name its folder with --keyring, and that its disk is mounted. Without it the vault cannot be opened: put it back from its copy.',
  },
  'vault.role-missing': {
    status: 403,
    exit: 12,
    retry: 'after-fix',
    help: 'The credential in use may not do this. Use the credential of the role that may: `docs/security.md` has the table.',
  },
  'vault.source-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'The vault holds no source of this name. `holdfast points` lists those it holds; `holdfast backup NAME` makes the first point of a new one.',
  },
  'vault.object-missing': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'An object that was to be committed is not in the store as it was written. Nothing was committed. Run the command again; if it happens again, the store loses what it confirmed.',
  },
  'vault.entry-refused': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: 'Since the command began, somebody else has changed what it relied on: a point expired or was held, segments were replaced, or this writer was declared dead. Nothing was committed. Run the command again.',
  },
  'vault.document-damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'A document of the vault (configuration, policy) is not the one that was committed. Take the named object from a replica. Backups and restores do not need it.',
  },
} as const satisfies Record<string, ErrorSpec>
