import { styleText } from 'node:util'

/** Colours, or none. */
export type Paint = {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
}

export function createPaint(isColoured: boolean): Paint {
  const paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow') => (text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
  }
}
