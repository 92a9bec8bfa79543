/** The text with comments blanked and every line kept, so that line numbers still hold. */
export function withoutComments(text: string): string {
  return (
    text
      // Not after a letter or a star: in a glob a slash and stars are no comment.
      .replace(/(?<![\w*'"`/])\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
      .replace(/(^|\s)\/\/.*$/gm, '$1')
  )
}
