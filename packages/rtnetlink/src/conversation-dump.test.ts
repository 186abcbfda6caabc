import {
  answerTo,
  attributeBytes,
  datagram,
  done,
  hex,
  type KernelAnswer,
  type KernelRequest,
  linkBody,
  linkPart,
  refuse,
  scriptedKernel,
} from '@cni/testkit';
import { describe, expect, test } from 'vitest';
import { NetlinkError, rtnlOver } from './index.ts';
import { RTM_NEWLINK } from './link/codec.ts';

const ENODEV = 19;
const EINVAL = 22;
const NLM_F_MULTI = 2;
const NLM_F_DUMP_INTR = 0x10;

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

describe('a list', () => {
  const indexes = (links: readonly { index: number }[]) => links.map(({ index }) => index);

  test('of several datagrams', () => {
    const { links } = linksOver((request) => [
      datagram(linkPart(request, 1), linkPart(request, 2)),
      datagram(linkPart(request, 3), done(request)),
    ]);
    expect(indexes(links.list())).toEqual([1, 2, 3]);
  });

  test('that is empty', () => {
    const { links } = linksOver((request) => [done(request)]);
    expect(links.list()).toEqual([]);
  });

  test('read again when it changed meanwhile', () => {
    const { links, kernel } = linksOver((request, attempt) => [
      linkPart(request, 1),
      linkPart(request, 2, attempt < 2 ? NLM_F_DUMP_INTR : 0),
      done(request),
    ]);
    expect(indexes(links.list())).toEqual([1, 2]);
    expect(kernel.requests).toHaveLength(3);
  });

  test('that never stands still', () => {
    const { links, kernel } = linksOver((request) => [linkPart(request, 1, NLM_F_DUMP_INTR), done(request)]);
    expect(thrown(() => links.list()).message).toBe('list links: EBUSY, no whole answer in 8 attempts');
    expect(kernel.requests).toHaveLength(8);
  });

  test('of which a part was lost, and one that was larger than the buffer', () => {
    const large = (request: KernelRequest) => {
      const body = datagram(linkBody(2, 'eth2'), attributeBytes(99, new Uint8Array(60_000)));
      return answerTo(request, { type: RTM_NEWLINK, flags: NLM_F_MULTI, body });
    };
    const { links, kernel } = linksOver((request, attempt) => [
      linkPart(request, 1),
      attempt === 0 ? 'overrun' : large(request),
      done(request),
    ]);
    expect(indexes(links.list())).toEqual([1, 2]);
    expect(kernel.requests).toHaveLength(3);
  });

  test('refused at once, or at its end', () => {
    const atOnce = linksOver((request) => [refuse(request, EINVAL, { message: 'Invalid values in header' })]);
    expect(thrown(() => atOnce.links.list()).message).toBe(
      'list links: EINVAL, kernel says "Invalid values in header"',
    );
    const atEnd = linksOver((request) => [linkPart(request, 1), done(request, ENODEV, { message: 'gone' })]);
    expect(thrown(() => atEnd.links.list({ kind: 'ifb' })).message).toBe('list ifb links: ENODEV, kernel says "gone"');
  });

  test('ended without an errno, as an old kernel does', () => {
    const NLMSG_DONE = 3;
    const { links } = linksOver((request) => [
      linkPart(request, 1),
      answerTo(request, { type: NLMSG_DONE, body: hex`` }),
    ]);
    expect(indexes(links.list())).toEqual([1]);
  });

  test('of one parent', () => {
    const onParent = (request: KernelRequest, index: number, parent: number, netns?: number) =>
      answerTo(request, {
        type: RTM_NEWLINK,
        body: datagram(
          linkBody(index, `eth${index}`),
          attributeBytes(5, Uint8Array.of(parent, 0, 0, 0)),
          ...(netns === undefined ? [] : [attributeBytes(37, Uint8Array.of(netns, 0, 0, 0))]),
        ),
      });
    const { links } = linksOver((request) => [
      datagram(onParent(request, 3, 2), onParent(request, 4, 1), onParent(request, 5, 2, 0), done(request)),
    ]);
    expect(indexes(links.list({ parent: 2 }))).toEqual([3]);
  });
});
