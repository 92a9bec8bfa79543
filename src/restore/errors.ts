import type { ErrorSpec } from '#stdx/app-error'

export const RESTORE_ERRORS = {
  'restore.plan-void': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'Somebody changed records that the plan writes, or the customer map, since the plan was made. Nothing was written. Look at them with `holdfast history` and make a new plan with `holdfast restore ... --plan-only --out FILE`. Where the plan was carried out in part, in some of its targets, what it wrote there counts as changed, too, and the new plan leaves it alone.',
  },
  'restore.plan-invalid': {
    status: 400,
    exit: 2,
    retry: 'never',
    help: 'A plan is carried out as it was made, for the vault that it was made with. Take the file as `holdfast restore ... --plan-only --out FILE` wrote it, or make a new one. Nothing was written.',
  },
  'restore.crosswalk-invalid': {
    status: 500,
    exit: 3,
    retry: 'never',
    help: 'What an earlier restore kept of the keys that records got in the target cannot be read. Run `holdfast check`, and heal the vault from a replica if there is one. Nothing was written.',
  },
  'restore.schema-differs': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target has another shape than the point. Restore into an empty target, or change the fields that the message names: add what is missing, give the others their type at the point.',
  },
  'restore.value-lost': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target would keep another value than it was given, because the fields that the message names have other types there. Everything was rolled back. Give them their type at the point, restore into an empty target, or put back other fields with --field.',
  },
  'restore.key-not-unique': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The table of the target lacks the key that it had at the point, and holds several rows of one record. Nothing was written. Delete those that are too many, add the key, and plan again; or restore into an empty target.',
  },
  'restore.unreadable': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'Run the GRANT statements that the message prints on the target. Nothing was written.',
  },
  'restore.field-unknown': {
    status: 404,
    exit: 2,
    retry: 'after-fix',
    help: 'Run `holdfast show POINT ENTITY KEY` for the names of the fields at that point.',
  },
  'restore.record-missing': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target does not have the record whose fields you asked for. Put the whole record back with --record ENTITY:KEY. Nothing was written.',
  },
  'restore.table-missing': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'A transaction is undone where its tables are. Put the table back first, with `holdfast restore POINT --to TARGET --entity ENTITY`. Nothing was written.',
  },
  'restore.conflicts-many': {
    status: 409,
    exit: 5,
    retry: 'never',
    help: 'So much was changed since that this is not what is wanted: of an undone transaction, or of a restore whose --on-conflict leaves what was changed. Put single records, fields or entities back, with --record, --field or --entity. Nothing was written.',
  },
  'restore.conflicts': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The plan lists each of them with the three values: at the point, when the source was captured last, now. Decide with --on-conflict: `ours` writes what the point holds, `theirs` leaves what was done since the last capture, `newer` leaves everything that was changed since the point; `CLASS=ours` for a class of fields of the customer map. Nothing was written.',
  },
  'restore.parents-missing': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The plan (--plan-only) lists each record that rows to write need and the target lacks, and which row needs it. Put them back, too, with --missing-parents create; leave the references empty where that may be with --missing-parents null; or make them in the target. What the point does not hold cannot be put back from it. Nothing was written.',
  },
  'restore.still-referred': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The plan (--plan-only) lists each record that --delete-added would delete and that rows beside the restore refer to. Let these go, too, by taking their entity or record into the restore (--entity, --record, --customer with --delete-added); make them refer to something else; or leave --delete-added out, and what was added stays. Nothing was written.',
  },
  'restore.reference-closed': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The customer map says with `open` when reference data may be used, and in the target it may not. Open it there for the restore, or put other records or fields back. Nothing was written.',
  },
  'restore.period-closed': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The plan (--plan-only) lists the adjusting entries: what to post in an open period instead, with the differences. Leave these records out, for instance with --record or --entity for the others; open the period; or, where the books are to be put back as they were, name a map without `period` with --map. Nothing was written.',
  },
  'restore.policy-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Give --on-conflict one of ours, theirs, newer and ask, or CLASS=POLICY for a class of fields that the customer map names under `classes`; each class once.',
  },
  'restore.pre-image-invalid': {
    status: 500,
    exit: 4,
    retry: 'never',
    help: 'What the restore had found before it wrote is not as this version writes it. Run `holdfast check --read-data`; with the version that made the restore it may still be read.',
  },
  'restore.side-effects': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'Triggers, rules or events of the target would run by themselves while rows are put back, for example send mails again, and this user cannot keep them from it. `holdfast restore ... --plan-only` lists them. Restore as the owner of the tables (PostgreSQL), or drop them and create them again afterwards (MariaDB), or say --accept-side-effects when what they do is wanted. Nothing was written.',
  },
} as const satisfies Record<string, ErrorSpec>
