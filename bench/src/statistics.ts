/** What is told of some samples, in their unit. */
export interface Summary {
  readonly min: number;
  readonly median: number;
  readonly p90: number;
}

/** Ours to the reference's, below 1 where ours is faster: the median over all rounds, and an interval that has the true one in it in 95 of 100 cases. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Throws `RangeError` when there are no samples. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = ascending(samples);
  return { min: at(sorted, 0), median: quantile(sorted, 0.5), p90: quantile(sorted, 0.9) };
}

/** The value that a share of the samples, 0 to 1, does not exceed. Throws `RangeError` when there are none. */
export function quantileOf(samples: readonly number[], share: number): number {
  return quantile(ascending(samples), share);
}

/** Compares round by round: what disturbs the machine for longer than a round disturbs both. Throws `RangeError` unless both have the same rounds. */
export function compare(ours: readonly number[], reference: readonly number[]): Ratio {
  if (ours.length !== reference.length) throw new RangeError(`${ours.length} rounds beside ${reference.length}`);
  const ratios = ascending(ours.map((sample, round) => sample / (reference[round] ?? Number.NaN)));
  // Order statistics of the binomial distribution, by its normal approximation.
  const reach = 0.98 * Math.sqrt(ratios.length);
  const middle = (ratios.length - 1) / 2;
  return {
    median: quantile(ratios, 0.5),
    low: at(ratios, Math.max(0, Math.floor(middle - reach))),
    high: at(ratios, Math.min(ratios.length - 1, Math.ceil(middle + reach))),
  };
}

function ascending(samples: readonly number[]): number[] {
  if (samples.length === 0) throw new RangeError('no samples');
  return samples.toSorted((one, other) => one - other);
}

/** Between two samples, in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const [below, above] = [at(sorted, Math.floor(position)), at(sorted, Math.ceil(position))];
  // Of two that are infinite nothing is in between.
  return below === above ? below : below + (above - below) * (position - Math.floor(position));
}

function at(sorted: readonly number[], index: number): number {
  return sorted[index] ?? Number.NaN;
}
