import { formatStamp } from '#record/stamp'
import type { Point } from './timeline-state.ts'

/** The address of a point: `erp@12`, or `erp@12.5` of a transaction in it. */
export function formatPoint(source: string, { asOf }: Pick<Point, 'asOf'>): string {
  return `${source}@${formatStamp(asOf)}`
}
