import type { DemoReportModel, ReportMoment, ReportPoint } from '../demo-report-model.ts'

/** The seq of `erp@12`; of anything else, -1. */
export function seqOf(point: string): number {
  const digits = /@(\d+)(?:\.\d+)?$/.exec(point)?.[1]
  return digits === undefined ? -1 : Number(digits)
}

/** The point that a system has at a moment, if it was captured then. */
export function pointAt(
  { points }: Pick<DemoReportModel, 'points'>,
  moment: ReportMoment,
  source: string,
): ReportPoint | undefined {
  return points.find((one) => one.source === source && moment.points.includes(one.point))
}
