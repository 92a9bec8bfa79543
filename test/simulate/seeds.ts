/** Seeds that every build runs: all actors and faults in short histories, and what once broke something. */
export const SEEDS: readonly number[] = [
  1, 6, 10, 12, 23, 34, 38, 42, 47, 7767, 9004, 700072, 700232, 800192, 1740131015,
]
