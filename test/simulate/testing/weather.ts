import type { Chance } from './chance.ts'

/** What may become of a request besides being done and answered. */
export const FAULTS = [
  'refused',
  'lost',
  'answer lost',
  'late',
  'twice',
  'cut short',
  'full',
] as const
export type Fault = (typeof FAULTS)[number]

/** How likely is what, in one run. */
export type Weather = {
  /** Per request. */
  readonly faults: Readonly<Record<Fault, number>>
  /** Per request: from then on one process, or everybody, meets one fault for up to an hour. */
  readonly outages: number
  /** Per listing: it shows what was there up to an hour before. No store that is used may do this. */
  readonly staleLists: number
  /** Per process. */
  readonly deaths: number
  /** Per answer. */
  readonly pauses: number
  readonly isCalm: boolean
}

export const CALM: Weather = {
  faults: faultsAt(() => 0),
  outages: 0,
  staleLists: 0,
  deaths: 0,
  pauses: 0,
  isCalm: true,
}

/** One run in six is calm but for deaths and pauses; others know some of the faults, or all. */
export function forecast(chance: Chance): Weather {
  const strength = chance.pick([0, 0.0005, 0.002, 0.005, 0.01, 0.03]) ?? 0
  return {
    faults: faultsAt(() => (chance.happens(0.6) ? strength * chance.next() : 0)),
    outages: chance.pick([0, 0.0005, 0.002]) ?? 0,
    deaths: chance.pick([0, 0.2, 0.6]) ?? 0,
    pauses: chance.pick([0, 0.002, 0.01]) ?? 0,
    staleLists: chance.happens(0.15) ? (chance.pick([0.02, 0.2, 1]) ?? 0) : 0,
    isCalm: false,
  }
}

function faultsAt(probability: () => number): Record<Fault, number> {
  const faults = FAULTS.map((fault) => [fault, probability()] as const)
  return Object.fromEntries(faults) as Record<Fault, number>
}
