/**
 * What the report of the demo is made of: the JSON documents that Holdfast's commands print, as they
 * print them, with a few words around. Everything is text of somebody else's data and is escaped.
 */
export type DemoReportModel = {
  readonly group: string
  /** Holdfast's own. */
  readonly version: string
  /** ISO 8601, when the demo ran. */
  readonly madeAt: string
  readonly durationMs: number
  readonly headline: string
  /** Three sentences. */
  readonly story: readonly string[]
  readonly systems: readonly ReportSystem[]
  /** In time order. */
  readonly moments: readonly ReportMoment[]
  /** The points of every system. */
  readonly points: readonly ReportPoint[]
  readonly changes: readonly ReportChanges[]
  /** `ENTITY.FIELD`: marked wherever it changes. */
  readonly sensitiveFields: readonly string[]
  /** Names of fields that only say who touched a record and when; shown last. */
  readonly quietFields: readonly string[]
  /** What to call a record beside its key, by source, then by the first value of the key. */
  readonly names: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly customer: ReportCustomer
  readonly restores: readonly ReportRestore[]
  readonly proofs: readonly ReportProof[]
  /** Before the damage, damaged, and after the restore. */
  readonly receivables: readonly ReportReceivables[]
  readonly check: CheckAnswer
  readonly storage: StorageGlimpse
  readonly commands: readonly ReportCommand[]
}

export type ReportSystem = {
  /** The source's name: `erp`. */
  readonly source: string
  /** What people call it: `ERP`. */
  readonly title: string
  /** Size of the source when it was backed up first. */
  readonly bytes: number
  readonly rows: number
}

export type ReportMoment = {
  readonly title: string
  readonly caption: string
  readonly tone: 'good' | 'damage' | 'restored'
  /** Addresses of the points taken then, at most one a system: `erp@2`. */
  readonly points: readonly string[]
}

/** One summary of `backup --json`, its entities summed up. */
export type ReportPoint = {
  readonly point: string
  readonly source: string
  readonly rows: number
  /** Records inserted, updated and deleted since the point before. */
  readonly changes: number
  readonly bytesStored: number
}

export type RecordFields = Readonly<Record<string, string | null>>

/** A line of `diff --json`. Fields that did not change may be there or not. */
export type DiffLine = {
  readonly entity: string
  readonly key: string
  readonly op: 'insert' | 'update' | 'delete'
  readonly before: RecordFields | null
  readonly after: RecordFields | null
}

/** `diff FROM TO --json` without its summary. */
export type ReportChanges = {
  readonly source: string
  readonly from: string
  readonly to: string
  readonly lines: readonly DiffLine[]
}

/** `history --json` of one record. */
export type HistoryAnswer = {
  readonly entity: string
  readonly key: string
  /** Newest first. */
  readonly versions: readonly {
    readonly point: string
    readonly op: 'insert' | 'update' | 'delete'
    readonly fields: RecordFields
  }[]
}

export type ReportCustomer = {
  readonly name: string
  readonly about: string
  readonly records: readonly {
    readonly source: string
    /** What the record is to a person: `Bank account`. */
    readonly title: string
    /** Which fields to follow, in this order. */
    readonly fields: readonly string[]
    readonly history: HistoryAnswer
  }[]
}

/** `restore --json`: the plan's hash and its summary. */
export type ReportRestore = {
  readonly source: string
  readonly point: string
  /** To the last commit. */
  readonly durationMs: number
  readonly readBackMs: number
  readonly plan: string
  readonly restore: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly skipped: number
  readonly extra: number
  readonly verified: { readonly records: number; readonly different: number }
}

/** `verify --json`. */
export type VerifyAnswer = {
  readonly verdict: Verdict
  readonly entities: readonly {
    readonly entity: string
    readonly verdict: Verdict
    readonly rows: number
    readonly missing: number
    readonly extra: number
    readonly different: number
  }[]
}

export type Verdict = 'same' | 'differs' | 'unproven'

/** One of `entities --json`. */
export type EntityAnswer = {
  readonly entity: string
  readonly rows: number
  readonly fingerprint: string
}

export type ReportProof = {
  readonly source: string
  /** `entities --json` at the good point, after the damage, after the restore. */
  readonly good: readonly EntityAnswer[]
  readonly damaged: readonly EntityAnswer[]
  readonly restored: readonly EntityAnswer[]
  /** The good point against the living system, after the damage and after the restore. */
  readonly verifyDamaged: VerifyAnswer
  readonly verifyRestored: VerifyAnswer
}

/** `report receivables --json`, as far as it is told. */
export type ReceivablesAnswer = {
  readonly asOf: string
  readonly verdict: 'clean' | 'differs'
  readonly columns: readonly string[]
  readonly groups: readonly {
    readonly companyCode: string
    readonly currency: string
    readonly amounts: readonly string[]
    readonly total: string
    readonly control: string | null
    readonly difference: string | null
  }[]
  readonly breaks: readonly { readonly kind: string; readonly count: number }[]
}

export type ReportReceivables = {
  readonly title: string
  /** Name of the file beside the report that has all of it. */
  readonly page: string
  /** Which of the groups is shown. */
  readonly company: { readonly companyCode: string; readonly currency: string }
  readonly answer: ReceivablesAnswer
}

/** `check --json`. */
export type CheckAnswer = {
  readonly verdict: 'whole' | 'damaged'
  readonly depth: string
  readonly objects: number
  readonly bytes: number
  readonly problems: readonly { readonly object: string; readonly problem: string }[]
}

/** What somebody holds who took the store and no key. */
export type StorageGlimpse = {
  readonly object: string
  readonly sizeBytes: number
  /** Where in the object the glimpse begins. */
  readonly offset: number
  /** Up to 256 bytes as hex digits. */
  readonly hex: string
  /** Shannon entropy over the whole object; 8 is noise. */
  readonly bitsPerByte: number
  readonly objectsSearched: number
  /** Texts that stand in the source and were looked for in every byte of the store. */
  readonly searches: readonly { readonly text: string; readonly found: number }[]
}

export type ReportCommand = {
  readonly command: string
  /** What it is for. */
  readonly says: string
  readonly exit: number
  readonly durationMs: number
}
