import type { ErrorSpec } from '#stdx/app-error'

export const APP_ERRORS = {
  'app.code-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast explain` without a code lists all codes.',
  },
  'app.store-unsupported': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Name a folder, for example ./vault or /mnt/backup/vault (a mounted network folder will do), or a bucket as s3://bucket/prefix.',
  },
  'app.source-missing': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Name the source before the @: erp@2026-06-30T12:00:00Z. `holdfast points` lists all of them.',
  },
  'app.key-folder': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Credentials go into a folder of their own, new or empty, that nobody else may look into and that is not part of the vault: `--out ~/holdfast-keys`. When a run was interrupted, name the same folder again.',
  },
  'app.key-not-written': {
    status: 500,
    exit: 1,
    retry: 'after-fix',
    help: 'Check the free space and the disk of the folder, then run the same command with the same folder again: it goes on where it was. Until it ends, the passphrase that it is run with opens the vault still.',
  },
  'app.replica-place': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'A second copy must survive the loss of the first. Name a place apart from the vault and its keyring, best on other hardware and under other credentials.',
  },
  'app.map-not-found': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: '`holdfast map discover` proposes a customer map from what the vault holds; `--file` names another file, `holdfast map check --store` keeps a map in the vault. docs/guides/customer-map.md says what it is.',
  },
  'app.role-unknown': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Name the role whose credential it is to be: keeper, restore, custodian, auditor, or capture with its source, like capture:erp.',
  },
  'app.demo-size': {
    status: 400,
    exit: 2,
    retry: 'never',
    help: 'Run `holdfast demo --customers 10000`.',
  },
  'app.demo-failed': {
    status: 500,
    exit: 1,
    retry: 'after-fix',
    help: 'The message ends with what the failing command said. Try again with --folder and a new folder.',
  },
  'app.points-apart': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Compare two points of one source, or a point with NAME@live in the second place.',
  },
  'app.label-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Choose a label such as fy26-close: a lower-case letter first, then letters, digits and dashes.',
  },
  'app.label-taken': {
    status: 409,
    exit: 2,
    retry: 'after-fix',
    help: 'A label names one point of a source for ever, so that what was signed off stays what it is. Choose another label.',
  },
  'app.sources-mixed': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'A proposal is about one source. Make one for each.',
  },
  'app.entity-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast entities POINT` for the entities a point holds. Names are case-sensitive and qualified, like public.customer.',
  },
  'app.live-unreadable': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'Run `holdfast source check NAME` for what is missing, or compare other entities with --entity.',
  },
  'app.targets-unclear': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Restore a point of one source with --to TARGET. A time or a label without a source, like @2026-06-30T12:00:00Z, means every source and needs --to SOURCE=TARGET for each.',
  },
  'app.scope-mixed': {
    status: 400,
    exit: 2,
    retry: 'never',
    help: 'Give whole entities with --entity, or single records and fields with --record and --field, not both.',
  },
  'app.other-platform': {
    status: 400,
    exit: 2,
    retry: 'never',
    help: 'The point was captured by another kind of connector. Choose a target of the same kind.',
  },
  'app.read-back-differs': {
    status: 500,
    exit: 4,
    retry: 'after-fix',
    help: 'The rows were committed, but reading them back shows a difference. Run `holdfast verify POINT --against TARGET`; a trigger or another writer of the target may have changed them.',
  },
} as const satisfies Record<string, ErrorSpec>
