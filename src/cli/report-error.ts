import { type ErrorSpec, isAppError } from '#stdx/app-error'
import type { Paint } from './paint.ts'
import { visible } from './text-width.ts'

export type ErrorReport = {
  readonly code: string
  readonly message: string
  readonly help: string
  readonly exit: number
  /** What led to it, outermost first. */
  readonly causes: readonly string[]
  /** Of a bug only. */
  readonly stack: string | undefined
}

/** Codes to what they mean; only read once something failed. */
export type ErrorTable = Readonly<Record<string, ErrorSpec>>

const CAUSES_MAX = 5
const BUG_HELP =
  'This is a defect of Holdfast. Run the command again with HOLDFAST_DEBUG=1 and report what it prints, without the values of your records.'

/** Judges what a failure means to a person. Anything but an expected failure is a bug. */
export function reportError(error: unknown, table: ErrorTable): ErrorReport {
  if (isAppError(error)) {
    const spec = table[error.code]
    return {
      code: error.code,
      message: error.message,
      help: spec?.help ?? '',
      exit: spec?.exit ?? 1,
      causes: listCauses(error.cause),
      stack: undefined,
    }
  }
  const { message, stack } =
    error instanceof Error ? error : { message: String(error), stack: undefined }
  const causes = error instanceof Error ? listCauses(error.cause) : []
  return { code: 'internal', message, help: BUG_HELP, exit: 1, causes, stack }
}

/** For people: message and code, what led to it, what to do. */
export function formatErrorReport(
  report: ErrorReport,
  options: { readonly paint: Paint; readonly isDebug: boolean },
): string {
  const { paint } = options
  const [found = '', ...more] = report.message.split('\n').map(visible)
  // Further lines are there to be copied: the code is not a part of them.
  const lines = [`${paint.red('error:')} ${found} ${paint.dim(`(${report.code})`)}`, ...more]
  for (const cause of report.causes) lines.push(paint.dim(`  because: ${visible(cause)}`))
  if (options.isDebug && report.stack !== undefined) lines.push(report.stack)
  if (report.help !== '') lines.push(`What to do: ${report.help}`)
  return `${lines.join('\n')}\n`
}

/** With `--json`: one line. */
export function formatErrorLine(report: ErrorReport, isDebug: boolean): string {
  const { causes, code, exit, help, message, stack } = report
  const shown = isDebug && stack !== undefined ? { stack } : {}
  return `${JSON.stringify({ type: 'error', code, message, help, exit, causes, ...shown })}\n`
}

function listCauses(cause: unknown): string[] {
  const causes: string[] = []
  let next = cause
  while (next instanceof Error && causes.length < CAUSES_MAX) {
    causes.push(withoutPassword(shorten(next)))
    next = next.cause
  }
  return causes
}

/** The message of a failed schema check is a page of JSON; its issues say the same in a line. */
function shorten(error: Error): string {
  if (!('issues' in error) || !Array.isArray(error.issues)) return error.message
  const issues: readonly { path?: readonly unknown[]; message?: string }[] = error.issues
  return issues.map(({ message, path }) => `${path?.join('.') ?? ''}: ${message}`).join('; ')
}

/** Foreign messages may repeat the URL they were given. */
function withoutPassword(message: string): string {
  return message
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)\S*(?=@)/gi, '$1[secret]')
    .replace(/\b((?:ssl)?password=)[^\s&]+/gi, '$1[secret]')
}
