import { describe, expect, it } from 'vitest'
import { keptMessageId, meantMessageIds, type ReceiptIdForm } from './sms-message-id.ts'

const matches = (answer: string, receipt: string, form: ReceiptIdForm) =>
  meantMessageIds(receipt, form).includes(keptMessageId(answer, form))

describe('the id of a receipt', () => {
  it.each<[string, string, ReceiptIdForm[]]>([
    ['M7', 'M7', ['auto', 'as-is', 'ignore-case']],
    ['1A2B3C', '1715004', ['auto', 'decimal']],
    ['1715004', '1A2B3C', ['auto', 'hex']],
    ['1715004', '001a2b3c', ['auto', 'hex']],
    ['0001A2B3C', '1715004', ['auto', 'decimal']],
    ['1a2b3c', '1A2B3C', ['auto', 'ignore-case']],
    ['0000001234', '1234', ['auto', 'ignore-case']],
    ['1234', '0000001234', ['auto', 'ignore-case']],
    ['a_1@x$', 'A_1@X$', ['auto', 'ignore-case']],
    // 64 bits and more: no number of script holds them exactly.
    ['ffffffffffffffff', '18446744073709551615', ['auto', 'decimal']],
    ['340282366920938463463374607431768211455', 'f'.repeat(32), ['auto', 'hex']],
    ['0', '0', ['auto', 'as-is', 'ignore-case', 'hex', 'decimal']],
    ['M7', 'M8', []],
    ['1a2b3c', '1715005', []],
  ])('%s in the answer, %s in the receipt: known by %j', (answer, receipt, forms) => {
    const known = (['auto', 'as-is', 'ignore-case', 'hex', 'decimal'] as const).filter((form) =>
      matches(answer, receipt, form),
    )
    expect(known.sort()).toEqual([...forms].sort())
  })

  it('means first what stands there', () => {
    expect(meantMessageIds('16', 'auto')).toEqual(['16', '10', '22'])
  })
})
