import { foldName } from '../values/fold-text.ts'

/** What says how a company is set up, and not which it is. */
const LEGAL_FORMS = new Set(
  (
    'gmbh mbh ag kg kgaa ohg gbr ug ev eg se co cie inc incorporated ltd limited llc llp plc corp ' +
    'corporation company sa sas sarl spa srl bv nv ab oy oyj as asa aps kft zrt sro doo spzoo zoo ' +
    'und and et e y the der die das of'
  ).split(' '),
)
const WORDS_MAX = 12

/** The words of a name that tell it from others, each once, in ascending order. */
export function wordsOf(name: string): string[] {
  const all = [...new Set(foldName(name).split(' ').filter(Boolean))]
  const telling = all.filter((word) => !LEGAL_FORMS.has(word))
  return (telling.length === 0 ? all : telling).slice(0, WORDS_MAX).sort()
}

/**
 * What is left of a word when it is misheard or written without umlauts: `Fahrnbäck`, `farnbaeck` and
 * `Farnbek` are `frnbk`.
 */
export function skeletonOf(word: string): string {
  const plain = word
    .replaceAll(/([aou])e/g, '$1')
    .replaceAll('ph', 'f')
    .replaceAll(/c(?=[ei])/g, 's')
    .replaceAll(/[cq]/g, 'k')
    .replaceAll('z', 's')
    .replaceAll('y', 'i')
  const bare = plain.slice(0, 1) + plain.slice(1).replaceAll(/[aeiouh]/g, '')
  const once = bare.replaceAll(/(\D)\1+/g, '$1')
  return once.length < 2 ? word : once
}

/** From 0 to 1; whichever comes first. */
export function compareWords(a: string, b: string): number {
  if (a === b) return 1
  if (skeletonOf(a) === skeletonOf(b)) return 0.9
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  const begun = short.length >= 3 && long.startsWith(short) ? 0.7 : 0
  const alike = diceOf(a, b)
  return Math.max(begun, alike >= 0.6 ? 0.9 * alike : 0)
}

/** Shared pairs of letters, of all pairs of both. */
function diceOf(a: string, b: string): number {
  const left = pairsOf(a)
  const right = pairsOf(b)
  let shared = 0
  for (const pair of left) if (right.has(pair)) shared += 1
  return left.size + right.size === 0 ? 0 : (2 * shared) / (left.size + right.size)
}

function pairsOf(word: string): Set<string> {
  const pairs = new Set<string>()
  for (let i = 0; i + 1 < word.length; i++) pairs.add(word.slice(i, i + 2))
  return pairs
}
