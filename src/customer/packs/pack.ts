/**
 * A ready customer map of one well-known system.
 *
 * Its text is what stands below `entities:` of a source. It names tables with a `$` and without
 * schema and prefix, which differ between installations: `$res_partner`, `$"tabSales Invoice"`.
 * One entity, one identity and one link take one line each, so that what an installation lacks
 * can be taken out line by line, with everything else left as it was written.
 */
export type Pack = {
  readonly name: string
  /** The system and the versions it is meant for, for people. */
  readonly title: string
  /** The table of its parties, by which an installation is recognized. */
  readonly anchor: string
  /** Tables that hold nothing of a customer, by name, or by how the name begins: `ir_ui_*`. */
  readonly leftOut: readonly string[]
  readonly text: string
  /** What customers owe; absent: the system does not say. */
  readonly finance?: PackFinance
}

export type PackFinance = {
  /** What differs between installations, and is looked up in the point; see `PackValue`. */
  readonly values: Readonly<Record<string, PackValue>>
  /**
   * What stands below `receivables:`, tables as in the text of the pack; `%source%` is the source, and
   * `%NAME%` one of the values.
   */
  readonly text: string
}

/** What a field holds in the records of a table that hold `value` in the field `by`. */
export type PackValue = {
  readonly table: string
  readonly field: string
  readonly by: string
  readonly value: string
  /** `one`: exactly one, written as it is. `all`: one or more, written as a list. */
  readonly count: 'one' | 'all'
}
