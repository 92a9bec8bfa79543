/** For an option that may be given several times: `--entity a --entity b`. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}
