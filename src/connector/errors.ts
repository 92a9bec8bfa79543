import type { ErrorSpec } from '#stdx/app-error'

export const CONNECTOR_ERRORS = {
  'connector.address-invalid': {
    status: 400,
    exit: 2,
    retry: 'after-fix',
    help: 'Correct the address of the source or target in holdfast.yaml: postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full for PostgreSQL, mariadb://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=verify-identity for MariaDB and MySQL, the path of a file for SQLite. Special characters of a password are percent-encoded.',
  },
  'connector.unreachable': {
    status: 503,
    exit: 20,
    retry: 'later',
    help: 'Check that the system runs, that its address and port are right, that a firewall lets this machine through and that the system accepts one more connection. `holdfast source check NAME` tries again.',
  },
  'connector.denied': {
    status: 403,
    exit: 1,
    retry: 'after-fix',
    help: 'The system refused the user, the password or a right. Correct the credentials in the address, or run the GRANT that the message prints as an administrator of that system.',
  },
  'connector.read-only': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'The target only allows reading: a standby, a database or role set to read-only, a file without write permission. Restore into the primary or into another target.',
  },
  'connector.scan-failed': {
    status: 503,
    exit: 1,
    retry: 'later',
    help: 'A table could not be read to its end at one moment: the connection was lost, or the table was dropped, rewritten or changed during the run. Nothing of this run was kept and earlier points are intact. Run the backup again.',
  },
  'connector.value-refused': {
    status: 422,
    exit: 1,
    retry: 'after-fix',
    help: 'A value has no exact text in the source, or the target does not accept it for the type of its field. Nothing was written. Compare the types of the field on both sides, or leave the entity out.',
  },
  'connector.constraint-violated': {
    status: 409,
    exit: 1,
    retry: 'after-fix',
    help: 'Rows that would be written contradict a constraint of the target, often because rows they refer to are not there. Everything was rolled back. Restore the entities that the constraint names together, or remove what stands in the way: --delete-added deletes what was added since.',
  },
  'connector.write-failed': {
    status: 507,
    exit: 1,
    retry: 'after-fix',
    help: 'The disk or file of the system could not be read or written to the end: it is full, or it reports an error. Nothing of the restore is kept. Should a journal (FILE-journal) still lie beside a SQLite file, leave it there: the next program that opens the database undoes the rest with it. Make room or mend the disk, then run the command again.',
  },
  'connector.target-changed': {
    status: 409,
    exit: 5,
    retry: 'after-fix',
    help: 'The target is not as it was when the plan was made. Everything was rolled back. Plan the restore again and look at what changed.',
  },
  'connector.busy': {
    status: 409,
    exit: 11,
    retry: 'later',
    help: 'Another session of the target holds what the restore needs. Everything was rolled back. Wait until it is done, or end it, then run the restore again.',
  },
  'connector.create-refused': {
    status: 422,
    exit: 1,
    retry: 'after-fix',
    help: 'The target cannot create a table or type as the source defines it: an extension, a collation or a type is missing there, or the right to create it. Everything was rolled back. Install what the message names and run the restore again.',
  },
} as const satisfies Record<string, ErrorSpec>
