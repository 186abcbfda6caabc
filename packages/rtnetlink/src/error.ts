/** What a {@link NetlinkError} is made of. */
export interface Refusal {
  /** What was asked, in words: `add link eth0 (ipvlan on ens192)`. */
  readonly request: string;
  /** C name, `EEXIST`. */
  readonly errno: string;
  /** The kernel's own explanation. */
  readonly kernelMessage?: string | undefined;
  /** The path of the attribute the kernel points at: `info.data.mode`. */
  readonly attribute?: string | undefined;
  /** Our explanation, where the kernel did not refuse but answered badly. */
  readonly detail?: string;
}

function sentence({ request, errno, kernelMessage, attribute, detail }: Refusal): string {
  const says = kernelMessage === undefined ? '' : `, kernel says "${kernelMessage}"`;
  const at = attribute === undefined ? '' : ` at ${attribute}`;
  return `${request}: ${errno}${detail === undefined ? '' : `, ${detail}`}${says}${at}`;
}

/**
 * A request the kernel refused, or did not answer as it should: `EBUSY` for a list that kept changing while it was read,
 * `ENOBUFS` for a lost answer, `ETIMEDOUT` for none, `EBADMSG` for one that cannot be read. `isErrno` of `@cni/sys` tells them apart.
 */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  readonly errno: string;
  readonly request: string;
  readonly kernelMessage: string | undefined;
  readonly attribute: string | undefined;

  constructor(refusal: Refusal) {
    super(sentence(refusal));
    this.errno = refusal.errno;
    this.request = refusal.request;
    this.kernelMessage = refusal.kernelMessage;
    this.attribute = refusal.attribute;
  }
}
