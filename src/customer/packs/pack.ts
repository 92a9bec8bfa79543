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
}
