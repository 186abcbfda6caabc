import { isErrno } from '@cni/sys';
import {
  ack,
  answerTo,
  attributeBytes,
  datagram,
  hex,
  type KernelAnswer,
  type KernelRequest,
  linkAnswer,
  linkBody,
  refuse,
  scriptedKernel,
} from '@cni/testkit';
import { describe, expect, test } from 'vitest';
import { NetlinkError, type NewLink, rtnlOver } from './index.ts';
import { RTM_NEWLINK } from './link/codec.ts';

const EEXIST = 17;
const ENODEV = 19;
const EINVAL = 22;
const NLMSG_NOOP = 1;
const NLMSG_OVERRUN = 4;

/** Links of a kernel that answers as `script` says, which is told how many requests there were before. */
const linksOver = (script: (request: KernelRequest, attempt: number) => readonly KernelAnswer[]) => {
  let attempt = 0;
  const kernel = scriptedKernel((request) => script(request, attempt++));
  return { kernel, ...rtnlOver(kernel) };
};

/** What `run` throws. */
function thrown(run: () => unknown): NetlinkError {
  try {
    run();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const ifb: NewLink = { name: 'ifb0', info: { kind: 'ifb' } };
const ipvlan: NewLink = { name: 'eth0', parent: 2, info: { kind: 'ipvlan', data: { mode: 'l2' } } };

describe('an acknowledgement', () => {
  test('of success', () => {
    const { links, kernel } = linksOver((request) => [ack(request)]);
    links.add(ifb);
    links.delete(4);
    expect(kernel.requests.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('with an error', () => {
    const { links } = linksOver((request) => [refuse(request, EEXIST)]);
    const error = thrown(() => links.add(ifb));
    expect(error.message).toBe('add link ifb0 (ifb): EEXIST');
    expect(isErrno(error, 'EEXIST')).toBe(true);
  });

  test('with an error, the kernel’s words and the attribute it means', () => {
    const { links } = linksOver((request) => {
      if (request.type !== RTM_NEWLINK) return [linkAnswer(request, 2, 'ens192')];
      return [refuse(request, EINVAL, { message: 'Attribute failed policy validation', offset: 76 })];
    });
    links.get({ index: 2 });
    const error = thrown(() => links.add(ipvlan));
    expect(error.message).toBe(
      'add link eth0 (ipvlan on ens192): EINVAL, kernel says "Attribute failed policy validation" at info.data.mode',
    );
    expect(error).toMatchObject({
      request: 'add link eth0 (ipvlan on ens192)',
      kernelMessage: 'Attribute failed policy validation',
      attribute: 'info.data.mode',
    });
  });

  test.each([
    [32, 'parent'],
    [40, 'name'],
    [52, 'info'],
    [56, 'info.kind'],
    [68, 'info.data'],
    [72, 'info.data.mode'],
    [80, 'info.data.flag'],
  ])('that means the attribute at byte %i', (offset, attribute) => {
    const { links } = linksOver((request) => [refuse(request, EINVAL, { offset })]);
    expect(thrown(() => links.add(ipvlan)).attribute).toBe(attribute);
  });

  test.each([0, 20, 31, 4000])('that means byte %i, which is no attribute', (offset) => {
    const { links } = linksOver((request) => [refuse(request, EINVAL, { offset })]);
    expect(thrown(() => links.add(ipvlan)).message).toBe('add link eth0 (ipvlan on link 2): EINVAL');
  });

  test('that repeats the whole request', () => {
    const { links } = linksOver((request) => [refuse(request, EINVAL, { message: 'no', uncapped: true })]);
    expect(thrown(() => links.add(ipvlan)).message).toBe('add link eth0 (ipvlan on link 2): EINVAL, kernel says "no"');
  });

  test('with an errno that has no name here', () => {
    const { links } = linksOver((request) => [refuse(request, 524)]);
    expect(thrown(() => links.add(ifb)).message).toBe('add link ifb0 (ifb): errno 524');
  });

  test('that was lost, and is not asked for again', () => {
    const { links, kernel } = linksOver(() => ['overrun']);
    expect(thrown(() => links.add(ifb)).message).toBe('add link ifb0 (ifb): ENOBUFS, the answer was lost');
    expect(kernel.requests).toHaveLength(1);
  });

  test('that never comes', () => {
    const { links } = linksOver(() => []);
    expect(thrown(() => links.add(ifb)).message).toBe('add link ifb0 (ifb): ETIMEDOUT, no answer');
  });
});

describe('one object', () => {
  test('that is there, and one that is not', () => {
    const { links } = linksOver((request, attempt) => [
      attempt === 0 ? linkAnswer(request, 2, 'eth0') : refuse(request, ENODEV),
    ]);
    expect(links.find({ name: 'eth0' })).toMatchObject({ index: 2, name: 'eth0' });
    expect(links.find({ name: 'eth1' })).toBeUndefined();
    expect(thrown(() => links.get({ name: 'eth1' })).message).toBe('get link eth1: ENODEV');
  });

  test('by one request that names it', () => {
    const { links, kernel } = linksOver((request) => [linkAnswer(request, 2, 'eth0')]);
    links.find({ name: 'eth0' });
    const NLM_F_REQUEST = 1;
    expect(kernel.requests.map(({ type, flags }) => [type, flags])).toEqual([[18, NLM_F_REQUEST]]);
  });

  test('behind answers to others', () => {
    const { links } = linksOver((request) => [
      linkAnswer({ ...request, sequence: request.sequence - 1 }, 7, 'late'),
      linkAnswer({ ...request, port: 9 }, 8, 'stray'),
      answerTo(request, { type: NLMSG_NOOP, body: hex`` }),
      datagram(linkAnswer({ ...request, sequence: 99 }, 9, 'other'), linkAnswer(request, 2, 'eth0')),
    ]);
    expect(links.get({ name: 'eth0' }).index).toBe(2);
  });

  test('asked for again after an overrun', () => {
    const { links, kernel } = linksOver((request, attempt) => {
      if (attempt === 0) return ['overrun'];
      return [attempt === 1 ? answerTo(request, { type: NLMSG_OVERRUN, body: hex`` }) : linkAnswer(request, 2, 'eth0')];
    });
    expect(links.get({ name: 'eth0' }).index).toBe(2);
    expect(kernel.requests).toHaveLength(3);
  });

  test('larger than the buffer, asked for again with a larger one', () => {
    const large = datagram(linkBody(2, 'eth0'), attributeBytes(99, new Uint8Array(60_000)));
    const { links, kernel } = linksOver((request) => [answerTo(request, { type: RTM_NEWLINK, body: large })]);
    expect(links.get({ name: 'eth0' }).index).toBe(2);
    expect(kernel.requests).toHaveLength(2);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['shorter than a header', hex`01020304`, 'the answer is malformed at byte 0 of 4'],
    [
      'with a length below a header’s',
      hex`08000000 10000000 01000000 00000000`,
      'the answer is malformed at byte 0 of 16',
    ],
    [
      'with a length beyond its end',
      hex`20000000 10000000 01000000 00000000`,
      'the answer is malformed at byte 0 of 16',
    ],
  ])('%s', (_, bytes, detail) => {
    const { links } = linksOver(() => [bytes]);
    expect(thrown(() => links.get({ name: 'eth0' })).message).toBe(`get link eth0: EBADMSG, ${detail}`);
  });

  test('with a header cut off behind a good message', () => {
    const { links } = linksOver((request) => [datagram(linkAnswer(request, 2, 'eth0'), hex`01020304`)]);
    expect(thrown(() => links.get({ name: 'eth0' })).errno).toBe('EBADMSG');
  });

  test('with an attribute beyond its end', () => {
    const body = datagram(new Uint8Array(16), hex`10000300 65746800`);
    const { links } = linksOver((request) => [answerTo(request, { type: RTM_NEWLINK, body })]);
    expect(thrown(() => links.get({ name: 'eth0' })).message).toBe(
      'get link eth0: EBADMSG, attribute 3 is 16 bytes of 8',
    );
  });

  test('with an attribute of another length, by its name', () => {
    const body = datagram(new Uint8Array(16), hex`06000400 dc050000`);
    const { links } = linksOver((request) => [answerTo(request, { type: RTM_NEWLINK, body })]);
    expect(thrown(() => links.get({ name: 'eth0' })).message).toBe('get link eth0: EBADMSG, mtu: 2 bytes, not 4');
  });

  test.each([0, 2, 4, 19])('an error of %i bytes', (length) => {
    const NLMSG_ERROR = 2;
    const NLM_F_ACK_TLVS = 0x200;
    const { links } = linksOver((request) => [
      answerTo(request, { type: NLMSG_ERROR, flags: NLM_F_ACK_TLVS, body: new Uint8Array(length).fill(0xff) }),
    ]);
    expect(thrown(() => links.add(ifb)).errno).toBe('EBADMSG');
  });
});

describe('a deletion that may find nothing', () => {
  test('says whether it did', () => {
    const { links } = linksOver((request, attempt) => [attempt === 0 ? ack(request) : refuse(request, ENODEV)]);
    expect([links.deleteIfPresent(4), links.deleteIfPresent(4)]).toEqual([true, false]);
  });

  test('does not hide another refusal', () => {
    const EPERM = 1;
    const { links } = linksOver((request) => [refuse(request, EPERM)]);
    expect(thrown(() => links.deleteIfPresent(4)).message).toBe('delete link 4: EPERM');
  });
});

test('closing closes the transport', () => {
  const { kernel, close } = linksOver(() => []);
  close();
  expect(kernel.closed).toBe(true);
});
