import { syscalls } from '#syscalls';
import { checked, uninterrupted } from './errno.ts';
import { close } from './files.ts';
import { inside, type Netns } from './netns.ts';

/** An open socket, which stays in the namespace it was opened in. */
export interface Socket {
  readonly fd: number;
  /** `address` is a `struct sockaddr_*`. Throws {@link SysError}. */
  bind(address: Uint8Array): void;
  /** setsockopt(2). Throws {@link SysError}. */
  setOption(level: number, option: number, value: Uint8Array): void;
  /** Sends one datagram, to the connected address unless `address` is given. Throws {@link SysError}. */
  send(datagram: Uint8Array, address?: Uint8Array): void;
  /**
   * Receives one datagram into `into`; its real length, which is larger than `into` when it was cut.
   * Throws {@link SysError}, `EAGAIN` after the time set by {@link Socket.setTimeout}.
   */
  receive(into: Uint8Array): number;
  /** How long `receive` waits, in milliseconds. */
  setTimeout(milliseconds: number): void;
  close(): void;
}

const MSG_TRUNC = 0x20;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const NOBODY = new Uint8Array(0);

/** Opens a socket in `netns`, or in the own namespace. `what` names it in errors. Throws {@link SysError}. */
export function openSocket(what: string, domain: number, type: number, protocol: number, netns?: Netns): Socket {
  const fd = checked(
    inside(netns, () => syscalls.socket(domain, type, protocol)),
    () => `open ${what} socket`,
  );
  const doing = (verb: string) => () => `${verb} ${what} socket`;
  const setOption: Socket['setOption'] = (level, option, value) => {
    checked(syscalls.setsockopt(fd, level, option, value), doing(`set option ${level}/${option} of`));
  };
  return {
    fd,
    setOption,
    bind: (address) => void checked(syscalls.bind(fd, address), doing('bind')),
    send(datagram, address = NOBODY) {
      checked(
        uninterrupted(() => syscalls.sendto(fd, datagram, 0, address)),
        doing('send on'),
      );
    },
    receive: (into) =>
      checked(
        uninterrupted(() => syscalls.recv(fd, into, MSG_TRUNC)),
        doing('receive on'),
      ),
    setTimeout(milliseconds) {
      const timeval = new DataView(new ArrayBuffer(16));
      timeval.setBigInt64(0, BigInt(Math.floor(milliseconds / 1000)), true);
      timeval.setBigInt64(8, BigInt(Math.round((milliseconds % 1000) * 1000)), true);
      setOption(SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeval.buffer));
    },
    close: () => close(fd),
  };
}
