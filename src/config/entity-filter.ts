import picomatch from 'picomatch'

const OPTIONS = { bash: true, dot: true, keepQuotes: true, nonegate: true, noextglob: true }

/**
 * Tells which entities a source covers: those that a glob of `include` matches and none of
 * `exclude` does. Names are as addresses print them: `public.customer`, `main."Order Lines"`.
 *
 * `*` stands for any text, dots, slashes and quotes included, `?` for one character, `[ab]` and
 * `{a,b}` for a choice. What stands in double quotes stands for itself.
 */
export function entityFilter(globs: {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}): (entity: string) => boolean {
  const isIncluded = matchAny(globs.include)
  const isExcluded = matchAny(globs.exclude)
  return (entity) => isIncluded(entity) && !isExcluded(entity)
}

/** Globs that match none of `entities`: probably misspelt. */
export function idleGlobs(globs: readonly string[], entities: readonly string[]): string[] {
  return globs.filter((glob) => {
    const matches = matchAny([glob])
    return !entities.some((entity) => matches(entity))
  })
}

function matchAny(globs: readonly string[]): (entity: string) => boolean {
  if (globs.length === 0) return () => false
  const match = picomatch([...globs], OPTIONS)
  return (entity) => match(entity)
}
