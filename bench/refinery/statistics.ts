export type Interval = { readonly mean: number; readonly low: number; readonly high: number };

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

/** The smallest value that this share of the values does not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;

const Z = 1.959964;

/** The 0.975 quantile of Student's t: the normal quantile and the first terms of Cornish and Fisher's expansion. */
const quantile = (freedom: number): number => Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2);

/** The mean of paired differences with its 95 % interval. */
export const interval = (differences: readonly number[]): Interval => {
  const middle = mean(differences);
  const freedom = differences.length - 1;
  const variance = differences.reduce((sum, value) => sum + (value - middle) ** 2, 0) / freedom;
  const half = quantile(freedom) * Math.sqrt(variance / differences.length);
  return { mean: middle, low: middle - half, high: middle + half };
};

/** P(as many or more) of a Poisson count. */
export const tail = (count: number, expected: number): number => {
  let [term, below] = [Math.exp(-expected), 0];
  for (let at = 0; at < count; at += 1) {
    below += term;
    term *= expected / (at + 1);
  }
  return Math.max(0, 1 - below);
};
