import { AppError } from '#stdx/app-error'

/** A format's name ends in its number: `holdfast slot 1`. */
const NUMBER = /[0-9]+$/

/**
 * Refuses what a later version wrote; what is no format of ours at all is left to whoever knows the form.
 * @param found as it stands in the text; `undefined` when it stands nowhere
 * @throws seal.format-unsupported
 */
export function refuseOtherFormat(
  { known, what }: { readonly what: string; readonly known: string },
  found: string | undefined,
): void {
  if (found === undefined || found === known) return
  const isOurs = NUMBER.test(found) && found.replace(NUMBER, '') === known.replace(NUMBER, '')
  if (!isOurs) return
  const message = `Cannot read ${what}: found format "${found}", know "${known}"`
  throw new AppError('seal.format-unsupported', message, { format: found })
}
