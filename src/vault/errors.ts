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
    help: 'The credential in use may not do this. Use the credential of the role that may: `docs/security.md` has the table. `expire` and `release` take two: the custodian with --propose FILE, then the keeper with --cosign FILE.',
  },
  'vault.certificate-revoked': {
    status: 403,
    exit: 12,
    retry: 'after-fix',
    help: 'The credential in use was taken out of use by `holdfast key revoke` or `key rotate`. Use the credential file that was written in its place.',
  },
  'vault.keys-changed': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: 'The keys of the vault were changed while this ran, so nobody might be able to read what it wrote. Earlier points are as they were. Run the command again, with the new credential file where there is one.',
  },
  'vault.keys-split': {
    status: 401,
    exit: 12,
    retry: 'after-fix',
    help: 'The keys of this vault were split: no passphrase opens it any more. Name the credential file of a role in HOLDFAST_KEY_FILE, or, to recover or to change keys, the recovery slot with --slot FILE together with its passphrase. `docs/guides/keys.md` says which file does what.',
  },
  'vault.keys-whole': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'All keys are behind one passphrase still. Run `holdfast key split --out FOLDER` first; a further passphrase needs no split: `holdfast key add passphrase`.',
  },
  'vault.key-in-use': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'Nothing was changed. Name another folder with --out: a credential that is in use is never written over.',
  },
  'vault.key-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast key list` shows every certificate and slot with its id.',
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
  'vault.replica-diverged': {
    status: 409,
    exit: 13,
    retry: 'never',
    help: 'The replica holds what the vault does not say: another vault, entries that were written there, or newer ones than are left here. Nothing was overwritten. If the vault itself was rolled back or damaged, go on with the replica as the vault; otherwise replicate into an empty place.',
  },
  'vault.replica-surplus': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: "The replica still holds a slot that the vault has no more: whoever knows its passphrase can open the replica. Nothing removes it by itself, because an attacker could have removed the vault's. If keys were split or a passphrase was revoked, remove the named object from the keyring of the replica. Keyring objects for earlier keys go when `holdfast replicate` runs once with a credential that reads, restore or keeper: it opens the newer ones first.",
  },
  'vault.object-damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'An object is not the one that was committed. `holdfast check` lists all of them, and `holdfast check --heal-from REPLICA` puts whole copies in their place.',
  },
  'vault.document-damaged': {
    status: 500,
    exit: 13,
    retry: 'never',
    help: 'A document of the vault (configuration, policy) is not the one that was committed. Take the named object from a replica. Backups and restores do not need it.',
  },
} as const satisfies Record<string, ErrorSpec>
