/** The name of a qdisc (`minor` is 0), class or filter: `1:10`, hexadecimal both. */
export interface Handle {
  readonly major: number;
  readonly minor: number;
}

/** Where a qdisc hangs: at the root of a link, on its ingress, or within another qdisc. */
export type QdiscParent = 'root' | 'ingress' | Handle;

/** What filters are asked: packets that arrive on the link, or that leave it. The second needs a clsact qdisc. */
export type FilterHook = 'ingress' | 'egress';

/** `TC_H_*`, linux/pkt_sched.h */
const TC_H_ROOT = 0xffffffff;
const TC_H_INGRESS = 0xfffffff1;
const TC_H_MIN_INGRESS = 0xfff2;
const TC_H_MIN_EGRESS = 0xfff3;

/** A handle as the kernel's number. */
export function toNumber({ major, minor }: Handle): number {
  return major * 0x10000 + minor;
}

/** The kernel's number as a handle. */
export function fromNumber(number: number): Handle {
  return { major: number >>> 16, minor: number & 0xffff };
}

/** Whether two are the same. */
export function equalHandles(a: Handle, b: Handle): boolean {
  return a.major === b.major && a.minor === b.minor;
}

/** `1:10`, as iproute2 writes it. */
export function formatHandle({ major, minor }: Handle): string {
  return `${major.toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}

/** `tcm_parent` of a qdisc. */
export function parentNumber(parent: QdiscParent): number {
  if (parent === 'root') return TC_H_ROOT;
  return parent === 'ingress' ? TC_H_INGRESS : toNumber(parent);
}

/** The way back. */
export function parentOf(number: number): QdiscParent {
  if (number === TC_H_ROOT) return 'root';
  return number === TC_H_INGRESS ? 'ingress' : fromNumber(number);
}

/** `tcm_parent` of a filter; an ingress qdisc takes the same number for its one hook as clsact does. */
export function hookNumber(hook: FilterHook): number {
  return 0xffff0000 + (hook === 'ingress' ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}
