import type { SourceFile } from './rooms.ts'
import { withoutComments } from './without-comments.ts'

/** A rule finds, in one file, what should not be there: one sentence each. */
export type Rule = {
  readonly name: string
  readonly applies: (path: string) => boolean
  readonly find: (file: SourceFile) => readonly string[]
}

const CODE_LINES_MAX = 400
const README_LINES_MAX = 60

const isTest = (path: string) =>
  path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('test/')
const isSource = (path: string) => /^src\/.*\.ts$/.test(path) && !isTest(path)
const isTypeScript = (path: string) => path.endsWith('.ts')
const roomOf = (path: string) => path.split('/')[1] ?? ''

/** Inside the sub-folders of these rooms foreign systems are spoken to, in their own words. */
const isForeignTongue = (path: string) => /^src\/(connector|store|demo)\/[^/]+\//.test(path)

/**
 * Words that the glossary replaces, as whole words of an identifier. Words with an everyday meaning
 * in code (`document`, `index`, `reference`) are left to the reader.
 */
const BANNED_WORDS: Readonly<Record<string, string>> = {
  adapter: 'connector',
  backend: 'store',
  collection: 'entity',
  dest: 'target',
  destination: 'target',
  gc: 'collect',
  helper: 'a domain noun',
  impl: 'a domain noun',
  journal: 'timeline',
  manager: 'a domain noun',
  manifest: 'entry',
  misc: 'a domain noun',
  mutation: 'change',
  oid: 'id',
  pk: 'key',
  purge: 'expire',
  repo: 'vault',
  repository: 'vault',
  revision: 'version',
  tuple: 'row',
  util: 'a domain noun',
  utils: 'a domain noun',
  vacuum: 'compact',
  watermark: 'position',
}

export const RULES: readonly Rule[] = [
  {
    name: 'a file has at most 400 lines of code',
    applies: isTypeScript,
    find: ({ text }) => {
      const lines = countCodeLines(text)
      return lines > CODE_LINES_MAX ? [`${lines} lines of code, at most ${CODE_LINES_MAX}`] : []
    },
  },
  {
    name: 'words of the glossary',
    applies: (path) => isSource(path) && !isForeignTongue(path),
    find: findBannedWords,
  },
  forbid('time comes from a Clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, {
    applies: (path) => isSource(path) && path !== 'src/stdx/clock.ts' && roomOf(path) !== 'main',
  }),
  forbid('randomness comes from a Random', /\bMath\.random\b|\brandomUUID\b/, {
    applies: (path) => isTypeScript(path) && !path.startsWith('tools/tidy'),
  }),
  forbid('random bytes come from a Random', /\brandomBytes\b|\bgetRandomValues\b/, {
    applies: (path) => isSource(path) && path !== 'src/stdx/random.ts',
  }),
  forbid('only config/ and main/ read the environment', /\bprocess\.env\b/, {
    applies: (path) => isSource(path) && !['config', 'main'].includes(roomOf(path)),
  }),
  forbid('only cli/ and main/ print', /\bconsole\.\w+\(|\bprocess\.std(out|err)\b/, {
    applies: (path) => isSource(path) && !['cli', 'main'].includes(roomOf(path)),
  }),
  forbid('only main/ and bin/ end the process', /\bprocess\.exit\b/, {
    applies: (path) => isSource(path) && roomOf(path) !== 'main',
  }),
  forbid('no mocked modules', /\bvi\.(mock|doMock|hoisted|spyOn|stubGlobal)\b/, {
    applies: (path) => isTypeScript(path) && !path.startsWith('tools/tidy'),
  }),
  forbid('no test that is left out or run alone', /\b(test|it|describe)\.(only|todo)\b/, {
    applies: (path) => isTypeScript(path) && !path.startsWith('tools/tidy'),
  }),
  forbid('open an issue instead', /\b(TODO|FIXME|XXX|HACK)\b/, {
    applies: (path) => !path.startsWith('tools/tidy'),
    inComments: true,
  }),
  forbid(
    'no paths of one machine, no registry hosts',
    /\/work\/|\/tmp\/(bash|brief)|\/root\/|\/home\/\w+\/|registry\.(npmjs|yarnpkg)|npmjs\.org/,
    { applies: (path) => !path.startsWith('tools/tidy'), inComments: true },
  ),
  forbid(
    'a linter is silenced with its reason',
    /biome-ignore(?!(-start|-end|-all)? [\w/]+: \S{3,})|@ts-ignore|@ts-nocheck/,
    { applies: (path) => isTypeScript(path) && !path.startsWith('tools/tidy'), inComments: true },
  ),
]

/** What `rules` find in `files`, one sentence each. */
export function findUntidy(files: readonly SourceFile[], rules: readonly Rule[]): string[] {
  return files.flatMap((file) =>
    rules
      .filter((rule) => rule.applies(file.path))
      .flatMap((rule) => rule.find(file).map((found) => `${file.path}: ${found} (${rule.name})`)),
  )
}

/** Rooms without a README, and READMEs that grew too long. */
export function findReadmeProblems(rooms: readonly string[], readmes: readonly SourceFile[]) {
  return rooms.flatMap((room) => {
    const readme = readmes.find(({ path }) => path === `src/${room}/README.md`)
    if (readme === undefined) return [`src/${room} has no README.md`]
    const lines = readme.text.trimEnd().split('\n').length
    if (lines <= README_LINES_MAX) return []
    return [`src/${room}/README.md has ${lines} lines, at most ${README_LINES_MAX}`]
  })
}

/** Lines that are neither blank nor only a comment. */
export function countCodeLines(text: string): number {
  return withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '').length
}

function forbid(
  name: string,
  pattern: RegExp,
  options: Pick<Rule, 'applies'> & { readonly inComments?: boolean },
): Rule {
  const find = ({ text }: SourceFile) => {
    const searched = options.inComments ? text : withoutComments(text)
    return searched.split('\n').flatMap((line, i) => {
      const match = pattern.exec(line)
      return match ? [`line ${i + 1} has "${match[0]}"`] : []
    })
  }
  return { name, applies: options.applies, find }
}

function findBannedWords({ text }: SourceFile): string[] {
  const names = new Set(withoutStrings(withoutComments(text)).match(/[A-Za-z_$][\w$]*/g))
  return Array.from(names).flatMap((name) =>
    splitWords(name).flatMap((word) => {
      const better = Object.hasOwn(BANNED_WORDS, word) ? BANNED_WORDS[word] : undefined
      return better === undefined ? [] : [`"${name}" says ${word}, say ${better}`]
    }),
  )
}

function withoutStrings(code: string): string {
  return code.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, "''")
}

function splitWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_$]+/)
    .map((word) => word.toLowerCase())
}
