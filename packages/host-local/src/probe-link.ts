import type { Link } from '@cni/arping';
import { CniError } from '@cni/skel';
import { openSocket, utf8 } from '@cni/sys';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const RTM_GETLINK = 18;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const ARPHRD_ETHER = 1;
/** `struct nlmsghdr` and, after it, `struct ifinfomsg` of linux/rtnetlink.h: 16 bytes each. */
const LENGTH = 0;
const TYPE = 4;
const FLAGS = 6;
const ERROR = 16;
const LINK_TYPE = 18;
const INDEX = 20;
const ATTRIBUTES = 32;
const ENODEV = -19;
const LONGEST = 32_768;

/**
 * The Ethernet link `name` of this namespace. Throws {@link CniError} `MASTER_MISSING` or `INVALID_CONFIG`, or `SysError`.
 *
 * It is one request, written here: all of rtnetlink would make the executable larger by a third. sysfs would not do, since it
 * shows the namespace in which it was mounted.
 */
export function masterOf(name: string): Link {
  const answer = ask(requestFor(name));
  if (answer.getUint16(TYPE, true) === NLMSG_ERROR && answer.getInt32(ERROR, true) === ENODEV)
    throw new CniError('MASTER_MISSING', `probe: master "${name}": no such link on the node`);
  const mac = answer.getUint16(TYPE, true) === NLMSG_ERROR ? undefined : attributeOf(answer, IFLA_ADDRESS);
  if (mac?.length !== 6 || answer.getUint16(LINK_TYPE, true) !== ARPHRD_ETHER)
    throw new CniError('INVALID_CONFIG', `probe: master "${name}" is no Ethernet link`);
  return { name, index: answer.getInt32(INDEX, true), mac };
}

function ask(request: Uint8Array): DataView {
  const socket = openSocket('netlink', AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  try {
    socket.send(request);
    const bytes = new Uint8Array(LONGEST);
    const length = Math.min(socket.receive(bytes), LONGEST);
    return new DataView(bytes.buffer, 0, length);
  } finally {
    socket.close();
  }
}

function requestFor(name: string): Uint8Array {
  const text = utf8(`${name}\0`);
  const bytes = new Uint8Array(ATTRIBUTES + 4 + Math.ceil(text.length / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(LENGTH, bytes.length, true);
  view.setUint16(TYPE, RTM_GETLINK, true);
  view.setUint16(FLAGS, NLM_F_REQUEST, true);
  view.setUint16(ATTRIBUTES, 4 + text.length, true);
  view.setUint16(ATTRIBUTES + 2, IFLA_IFNAME, true);
  bytes.set(text, ATTRIBUTES + 4);
  return bytes;
}

/** `struct rtattr`: its length, 4 included, its type; each at a multiple of 4. */
function attributeOf(answer: DataView, type: number): Uint8Array | undefined {
  for (let at = ATTRIBUTES; at + 4 <= answer.byteLength; ) {
    const length = Math.max(answer.getUint16(at, true), 4);
    if (answer.getUint16(at + 2, true) === type) return new Uint8Array(answer.buffer, at + 4, length - 4);
    at += Math.ceil(length / 4) * 4;
  }
  return undefined;
}
