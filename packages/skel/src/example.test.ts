import { readText } from '@cni/sys';
import { expect, test } from 'vitest';
import { CODES, execute } from './index.ts';
import { sysctl } from './testing/example.ts';

const env = {
  CNI_CONTAINERID: 'id',
  CNI_NETNS: '/proc/self/ns/net',
  CNI_NETNS_OVERRIDE: '1',
  CNI_IFNAME: 'eth0',
};

function run(CNI_COMMAND: string, config: object) {
  const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'net', type: 'sysctl', ...config });
  const { status, stdout } = execute(sysctl, { env: { ...env, CNI_COMMAND }, stdin });
  return { status, ...(stdout !== '' && JSON.parse(stdout)) };
}

const textOf = (path: string) => readText(new URL(path, import.meta.url).pathname);

test('the example of the README is this one, and short', () => {
  const example = textOf('./testing/example.ts').replace('../index.ts', '@cni/skel');
  expect(textOf('../README.md')).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.split('\n').length).toBeLessThan(60);
});

test('the README knows every code', () => {
  const rows = Object.entries(CODES).map(([name, [number, meaning]]) => `| ${number} | \`${name}\` | ${meaning} |`);
  const text = textOf('../README.md').replace(/ +/g, ' ');
  for (const row of rows) expect(text).toContain(row);
});

test('the example says what it cannot do', () => {
  expect(run('ADD', {})).toMatchObject({ status: 1, code: 7, msg: 'sysctl: required' });
  expect(run('ADD', { sysctl: { 'net.ipv4.ip_forward': 1 } })).toMatchObject({
    code: 7,
    msg: 'sysctl.net.ipv4.ip_forward: expected string (got 1)',
  });
  expect(run('ADD', { sysctl: { 'kernel.pid_max': '1' } })).toMatchObject({
    code: 7,
    msg: 'sysctl.kernel.pid_max: only net.* belongs to a pod (got "kernel.pid_max")',
  });
  expect(run('ADD', { sysctl: {} })).toMatchObject({ code: 7, msg: 'prevResult: required' });
});

test('the example passes on what it was given, and its DEL needs nothing', () => {
  const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'eth0', sandbox: '/run/netns/x' }] };
  expect(run('ADD', { sysctl: {}, prevResult })).toEqual({ status: 0, ...prevResult });
  expect(run('CHECK', { sysctl: {}, prevResult })).toEqual({ status: 0 });
  expect(run('DEL', { sysctl: 5 })).toEqual({ status: 0 });
});
