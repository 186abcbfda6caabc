import { isErrno, type Netns, openSocket, randomBytes, type Socket } from '@cni/sys';

/** What a conversation needs of a socket; a test's scripted kernel is one too. */
export interface Transport {
  /** The port id the kernel answers to. */
  readonly port: number;
  /** Throws `SysError`. */
  send(datagram: Uint8Array): void;
  /** One datagram into `into`; its real length, larger than `into` when it was cut. Throws `SysError`: `EAGAIN` when none came. */
  receive(into: Uint8Array): number;
  close(): void;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
/** `NETLINK_*`, linux/netlink.h: who is spoken to. */
const protocols = { rtnetlink: 0, nfnetlink: 12 } as const;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;

/** Bytes: a whole dump of a large table waits in the socket while we decode. */
const RECEIVE_BUFFER = 1 << 20;
/** The kernel answers within the send; only a dump continues on receive. */
const TIMEOUT_MS = 10_000;

const ONE = int32(1);
const ROOM = int32(RECEIVE_BUFFER);

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Sets an option that an older kernel may not have, or that needs a privilege we may not have. */
function setIfPossible(socket: Socket, level: number, option: number, value: Uint8Array): boolean {
  try {
    socket.setOption(level, option, value);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOPROTOOPT', 'EPERM')) return false;
    throw error;
  }
}

/** Binds to a random port id: one of our own choice is known beforehand, unlike the one the kernel would choose. */
function bind(socket: Socket): number {
  for (;;) {
    const address = new Uint8Array(12);
    address[0] = AF_NETLINK;
    address.set(randomBytes(4), 4);
    const port = new DataView(address.buffer).getUint32(4, true);
    try {
      socket.bind(address);
      return port;
    } catch (error) {
      if (!isErrno(error, 'EADDRINUSE')) throw error;
    }
  }
}

/** Opens a netlink socket in `netns`, or in the own namespace. Throws `SysError`, `EPROTONOSUPPORT` when the kernel has no such protocol. */
export function openTransport(protocol: keyof typeof protocols, netns?: Netns): Transport {
  const socket = openSocket(protocol, AF_NETLINK, SOCK_RAW, protocols[protocol], netns);
  try {
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
      setIfPossible(socket, SOL_NETLINK, option, ONE);
    if (!setIfPossible(socket, SOL_SOCKET, SO_RCVBUFFORCE, ROOM)) setIfPossible(socket, SOL_SOCKET, SO_RCVBUF, ROOM);
    socket.setTimeout(TIMEOUT_MS);
    const port = bind(socket);
    return {
      port,
      send: (datagram) => socket.send(datagram),
      receive: (into) => socket.receive(into),
      close: () => socket.close(),
    };
  } catch (error) {
    socket.close();
    throw error;
  }
}
