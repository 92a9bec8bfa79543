import type { ErrorSpec } from '#stdx/app-error'

export const SEAL_ERRORS = {
  'seal.not-authentic': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'Sealed bytes are not the ones that were written at this place: damaged, exchanged or moved. Nothing was taken from them. Run `holdfast check --read-data` to see how far the damage goes, and take the object from a replica of the vault.',
  },
  'seal.key-destroyed': {
    status: 410,
    exit: 13,
    retry: 'never',
    help: 'The data key of this block is gone from the keyring, as an erasure demands. If no erasure was recorded, somebody destroyed it: restore the keyring from its replica.',
  },
  'seal.format-unsupported': {
    status: 500,
    exit: 10,
    retry: 'after-fix',
    help: 'The vault was written by a newer Holdfast, or the object is not one of its own. Use the newest version.',
  },
  'seal.passphrase-wrong': {
    status: 401,
    exit: 12,
    retry: 'after-fix',
    help: 'The passphrase opens none of the slots of this vault. Check HOLDFAST_PASSPHRASE, HOLDFAST_PASSPHRASE_FILE or HOLDFAST_PASSPHRASE_COMMAND: a line break at the end of a file does not count, capitals and spaces do.',
  },
  'seal.credential-invalid': {
    status: 400,
    exit: 12,
    retry: 'after-fix',
    help: 'The file is not a credential as Holdfast writes it. Name the right file in HOLDFAST_KEY_FILE.',
  },
  'seal.certificate-invalid': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: "A certificate is not signed by the vault's root key. Somebody replaced it, or it belongs to another vault. Take it from a replica.",
  },
} as const satisfies Record<string, ErrorSpec>
