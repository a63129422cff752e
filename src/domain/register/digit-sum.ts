/**
 * Weights the digits alternately with 1 and 2, beginning with `firstWeight`, and adds the digit sums of the products:
 * the ground of the check digits of insurance and insurer numbers (mission.md, "Check digits").
 */
export function alternatingDigitSum(digits: string, firstWeight: 1 | 2): number {
  let sum = 0
  for (const [index, digit] of [...digits].entries()) {
    const product = Number(digit) * (index % 2 === 0 ? firstWeight : 3 - firstWeight)
    sum += product > 9 ? product - 9 : product
  }
  return sum
}
