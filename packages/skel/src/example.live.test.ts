import { environ, exec, randomHex, text } from '@cni/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { execute } from './index.ts';
import { sysctl } from './testing/example.ts';

/** iproute2's word on it. */
function ip(...args: string[]): string {
  const { status, stdout, stderr } = exec('/bin/ip', { args, env: environ(), stdin: new Uint8Array() });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${text(stderr)}`);
  return text(stdout).trim();
}

let name: string;
beforeEach(() => {
  name = `skel-${randomHex(4)}`;
  ip('netns', 'add', name);
});
afterEach(() => void ip('netns', 'delete', name));

const seen = (key: string) => ip('netns', 'exec', name, 'cat', `/proc/sys/${key.replaceAll('.', '/')}`);

function run(CNI_COMMAND: string, values: object) {
  const config = { cniVersion: '1.0.0', name: 'net', type: 'sysctl', sysctl: values, prevResult: {} };
  const env = { CNI_COMMAND, CNI_CONTAINERID: 'id', CNI_NETNS: `/run/netns/${name}`, CNI_IFNAME: 'eth0' };
  const { status, stdout } = execute(sysctl, { env, stdin: JSON.stringify(config) });
  return { status, ...(stdout !== '' && JSON.parse(stdout)) };
}

const forward = 'net.ipv4.ip_forward';

/** What a new namespace does not have it at. */
const other = () => (seen(forward) === '0' ? '1' : '0');

test('set in the namespace, and seen by CHECK', () => {
  const [before, after] = [seen(forward), other()];
  expect(run('ADD', { [forward]: after })).toEqual({ status: 0, cniVersion: '1.0.0' });
  expect(seen(forward)).toBe(after);
  expect(run('CHECK', { [forward]: after })).toEqual({ status: 0 });
  expect(run('CHECK', { [forward]: before })).toMatchObject({
    code: 110,
    msg: `${forward} is ${after}, not ${before}`,
  });
  expect(run('DEL', {})).toEqual({ status: 0 });
});

test('restored when a later one is refused', () => {
  const before = seen(forward);
  const msg = 'write /proc/sys/net/ipv4/ip_default_ttl: EINVAL';
  expect(run('ADD', { [forward]: other(), 'net.ipv4.ip_default_ttl': '300' })).toMatchObject({ code: 5, msg });
  expect(seen(forward)).toBe(before);
});
