/**
 * Told how a long run gets on. Cheap enough to call for every batch, never for every row: whoever
 * shows it does so at its own pace.
 */
export type ProgressSink = {
  /** A stage of the run begins; the one before, if any, ends. Totals as far as they are known. */
  begin(stage: { readonly label: string; readonly rows?: number; readonly bytes?: number }): void
  /** What was done since the last call. */
  add(done: { readonly rows?: number; readonly bytes?: number }): void
  end(): void
}

/** For those who do not want to know. */
export const silentProgress: ProgressSink = { begin: () => {}, add: () => {}, end: () => {} }
