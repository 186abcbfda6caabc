/** What the job of the table `coordinator` measures and tells. */
export const VERBS = ['ADD', 'DEL'] as const;

/** Pods that are there meanwhile. */
export const POD_COUNTS = [0, 100] as const;

/** Begins a line of the job's output that is a {@link Crowded} in JSON. */
export const REPORT = 'crowded ';

/** The samples in milliseconds: for each verb those of our coordinator and of the reference's macvlan. */
export interface Crowded {
  readonly present: number;
  readonly disturbance: number;
  readonly steps: readonly (readonly (readonly number[])[])[];
}
