import { isErrno, monotonic, type Netns, openSocket, type Socket } from '@cni/sys';

/** An Ethernet link. */
export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mac: Uint8Array;
  /** Where it is, unless in the own namespace. */
  readonly netns?: Netns | undefined;
}

/** Frames of one protocol on a link. */
export interface Wire {
  /** Throws `SysError`, `ENETDOWN` where the link is down. */
  send(frame: Uint8Array): void;
  /** Frames as they come, until the time of {@link monotonic} is `deadline`. Throws `SysError`. */
  framesBefore(deadline: number): Generator<Uint8Array, void>;
  close(): void;
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
/** As much of a frame as is looked at. */
const LONGEST = 256;
/** More than the queue of a socket holds. */
const MOST_LATE = 1024;

/** Opens a packet socket; `protocol` is one of ETH_P_*. Needs CAP_NET_RAW. Throws `SysError`. */
export function openWire(link: Link, protocol: number, groups: readonly Uint8Array[]): Wire {
  // Protocol 0 receives nothing: before it is bound it would hear every link.
  const socket = openSocket(`${link.name} packet`, AF_PACKET, SOCK_RAW, 0, link.netns);
  try {
    for (const group of groups) socket.setOption(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership(link.index, group));
    socket.bind(sockaddr(link.index, protocol));
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    send: (frame) => socket.send(frame),
    framesBefore: (deadline) => framesBefore(socket, deadline),
    close: () => socket.close(),
  };
}

function* framesBefore(socket: Socket, deadline: number): Generator<Uint8Array, void> {
  // What has come already is looked at, however late it is: this process may have been waiting for its turn.
  for (let late = 0; late < MOST_LATE; ) {
    const left = deadline - monotonic();
    if (left <= 0) late++;
    const received = receiveWithin(socket, left);
    if (received === undefined) return;
    yield received;
  }
}

function receiveWithin(socket: Socket, milliseconds: number): Uint8Array | undefined {
  const bytes = new Uint8Array(LONGEST);
  // No timeout would be for ever.
  socket.setTimeout(Math.max(milliseconds, 1));
  try {
    return bytes.subarray(0, Math.min(socket.receive(bytes), LONGEST));
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return undefined;
    throw error;
  }
}

/** `struct sockaddr_ll`, linux/if_packet.h; the protocol is in network byte order. */
function sockaddr(index: number, protocol: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol);
  view.setInt32(4, index, true);
  return new Uint8Array(view.buffer);
}

/** `struct packet_mreq`, linux/if_packet.h, of type PACKET_MR_MULTICAST. */
function membership(index: number, group: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, index, true);
  view.setUint16(6, group.length, true);
  bytes.set(group, 8);
  return bytes;
}
