import type { BusinessDay } from '../business-day.ts'
import type { Fault } from './records.ts'

/** How the parts of records stand in lines that are sorted; what is no text has no tab in it. */
export function formatDay(day: BusinessDay | null): string {
  return day === null ? '' : String(day)
}

export function parseDay(text: string | undefined): BusinessDay | null {
  return text === undefined || text === '' ? null : Number(text)
}

export function parseAmount(text: string | undefined): bigint {
  return BigInt(text ?? '0')
}

/** With zeros before it, so that lines of one index stand together in number order. */
export function formatIndex(index: number): string {
  return String(index).padStart(3, '0')
}

export function parseIndex(text: string | undefined): number {
  return Number(text)
}

export function formatFaults(faults: readonly Fault[]): string {
  return faults.join(' ')
}

export function parseFaults(text: string | undefined): readonly Fault[] {
  return text === undefined || text === '' ? [] : (text.split(' ') as Fault[]) // As it was formatted.
}
