import { AppError } from '#stdx/app-error'
import { formatYamlScalar } from '#stdx/format-yaml-scalar'
import { formatPoint } from '#timeline/format-point'
import type { SourceAt } from './map-at.ts'
import { type FittedPack, fitPack, LACKING_MARK } from './packs/fit-pack.ts'
import type { Pack } from './packs/pack.ts'
import { PACKS } from './packs/packs.ts'

/** A customer map from ready packs, as `map pack --json` prints it. */
export type FittedMap = {
  /** The map, as it is to be kept. */
  readonly text: string
  readonly sources: readonly {
    readonly source: string
    readonly pack: string
    readonly point: string
    readonly entities: number
    readonly links: number
    /** What the pack names and the point does not hold: entities, and fields with their entity. */
    readonly lacking: readonly string[]
  }[]
}

export const PACK_NAMES: readonly string[] = PACKS.map(({ name }) => name)

/** @throws customer.pack-unknown */
export function findPack(name: string): Pack {
  const pack = PACKS.find((one) => one.name === name)
  if (pack !== undefined) return pack
  const message = `Cannot find pack "${name}": wanted ${PACK_NAMES.join(', ')}`
  throw new AppError('customer.pack-unknown', message, { name })
}

/**
 * The packs of several systems as one map, each fitted to what a point of its source holds.
 * @throws customer.pack-unfit
 */
export function fitPacks(
  wanted: readonly { readonly pack: Pack; readonly at: SourceAt }[],
): FittedMap {
  const fitted = wanted.map((one) => ({ ...one, found: fitPack(one.pack, one.at) }))
  return {
    text: [...formatHead(fitted), ...fitted.flatMap(formatSource), ''].join('\n'),
    sources: fitted.map(({ at, found: { entities, lacking, links }, pack }) => {
      const point = formatPoint(at.source, at.point)
      return { source: at.source, pack: pack.name, point, entities, links, lacking }
    }),
  }
}

type Fitted = { readonly pack: Pack; readonly at: SourceAt; readonly found: FittedPack }

function formatHead(fitted: readonly Fitted[]): string[] {
  const points = fitted.map(({ at }) => formatPoint(at.source, at.point)).join(', ')
  const isAnyLacking = fitted.some(({ found }) => found.lacking.length > 0)
  const withTaxId = fitted.filter(({ found }) => found.identity.has('taxId'))
  return [
    `# Ready packs, fitted by \`holdfast map pack\` to ${points}. \`holdfast map check\` says whether all`,
    '# of it is true of your data.',
    ...(isAnyLacking
      ? [
          `# What begins with ${LACKING_MARK.trim()} is not there: a module that is not installed, or another version.`,
        ]
      : []),
    'version: 1',
    ...(withTaxId.length > 1 ? ['match: [taxId]'] : []),
    'sources:',
  ]
}

function formatSource({ at, found, pack }: Fitted): string[] {
  return [`  ${formatYamlScalar(at.source)}:`, `    # ${pack.title}.`, ...found.lines, '']
}
