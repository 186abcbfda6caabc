/** What a job on a kernel with ipvlan measures and tells. */
export const VERBS = ['ADD', 'DEL'] as const;
export const FAMILIES = ['IPv4', 'dual stack'] as const;

/** Begins a line of the job's output that is an {@link Attached} in JSON. */
export const REPORT = 'attached ';

/** The samples of one family in milliseconds: for each verb those of ours, of the reference, and of our ipvlan with the reference's IPAM. */
export interface Attached {
  readonly family: (typeof FAMILIES)[number];
  readonly steps: readonly (readonly (readonly number[])[])[];
}
