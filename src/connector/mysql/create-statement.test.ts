import { expect, test } from 'vitest'
import { parseCreateStatement, withoutCounter, withoutForeignKeys } from './create-statement.ts'

const PRINTED = `CREATE TABLE \`t (x\` (
  \`id\` int(11) NOT NULL AUTO_INCREMENT,
  \`na\`\`me,)\` enum('a,(','it''s','b\\\\','\\'') DEFAULT 'x)' COMMENT 'AUTO_INCREMENT=3, (',
  CONSTRAINT \`f\` FOREIGN KEY (\`id\`) REFERENCES \`u\` (\`id\`) ON DELETE CASCADE,
  CONSTRAINT \`not FOREIGN KEY (\` CHECK (\`id\` > 1 and (\`id\` < "," ))
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COMMENT=' AUTO_INCREMENT=7)'
 PARTITION BY HASH (\`id\`)`

test('parseCreateStatement() parts items at commas that are none of a text or an expression', () => {
  const { items, options } = parseCreateStatement(PRINTED)
  expect(items).toHaveLength(4)
  expect(items[1]).toMatch(/^`na``me,\)` enum.* COMMENT 'AUTO_INCREMENT=3, \('$/)
  expect(options).toMatch(/^ENGINE=InnoDB AUTO_INCREMENT=12 .*PARTITION BY HASH \(`id`\)$/s)
})

test('withoutForeignKeys() leaves out foreign keys alone', () => {
  const { items } = parseCreateStatement(PRINTED)
  expect(withoutForeignKeys(items)).toEqual([items[0], items[1], items[3]])
})

test('withoutCounter() leaves out the position and no text that looks like it', () => {
  const { options } = parseCreateStatement(PRINTED)
  expect(withoutCounter(options)).toBe(options.replace(' AUTO_INCREMENT=12', ''))
  expect(withoutCounter("ENGINE=InnoDB COMMENT='AUTO_INCREMENT=1'")).toBe(
    "ENGINE=InnoDB COMMENT='AUTO_INCREMENT=1'",
  )
})
