import { spawn } from 'node:child_process';
import * as sys from '@cni/sys';
import { expect, test } from 'vitest';

const program = new URL('./testing/program.ts', import.meta.url).pathname;
const args = ['--conditions=@cni/source', '--no-warnings', program];

function run(verb: string, stdin: string) {
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'id',
    CNI_NETNS: '/proc/self/ns/net',
    CNI_NETNS_OVERRIDE: '1',
    CNI_IFNAME: 'eth0',
  };
  const { status, stdout, stderr } = sys.exec(process.execPath, { args, env, stdin: sys.utf8(stdin) });
  return { status, stdout: sys.text(stdout), stderr: sys.text(stderr) };
}

test('a program: its answer on stdout, its exit status', () => {
  const stdout = `${JSON.stringify({ cniVersion: '1.1.0', interfaces: [{ name: 'a' }] }, null, 4)}\n`;
  expect(run('ADD', '{"cniVersion":"1.1.0","name":"net"}')).toEqual({ status: 0, stdout, stderr: '' });
  expect(run('DEL', '{"cniVersion":"1.1.0","name":"net"}')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(run('ADD', 'x')).toMatchObject({ status: 1, stderr: '', stdout: expect.stringContaining('"code": 6') });
  expect(run('VERSION', '{"cniVersion":"0.4.0"}')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('"cniVersion":"0.4.0"'),
  });
});

/** Runs it by the shell, with stdin and stdout as the line says. */
function shell(line: string, env: Record<string, string>) {
  const command = `${process.execPath} ${args.join(' ')} ${line}`;
  const { status, stdout } = sys.exec('/bin/sh', { args: ['-c', command], env, stdin: new Uint8Array() });
  return { status, stdout: sys.text(stdout) };
}

test.each(['VERSION', ''])('stdin closed, verb "%s"', (verb) => {
  expect(shell('<&-', { CNI_COMMAND: verb }).status).toBe(0);
});

test('stdin that cannot be read', () => {
  const { status, stdout } = shell('</', { CNI_COMMAND: 'STATUS' });
  expect({ status, code: JSON.parse(stdout).code }).toEqual({ status: 1, code: 5 });
});

test('an answer that cannot be written', () => {
  expect(shell('>/dev/full 2>/dev/null', { CNI_COMMAND: 'VERSION' }).status).toBe(1);
});

test.each([
  ['nothing', '', '1.1.0'],
  ['half a document', '{"cniVersion":', '1.1.0'],
  ['a document', '{"cniVersion":"0.4.0"}', '0.4.0'],
])('VERSION does not wait for the end of stdin: %s', async (_, sent, cniVersion) => {
  const child = spawn(process.execPath, args, { env: { CNI_COMMAND: 'VERSION' }, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(sent);
  const said: string[] = [];
  for await (const chunk of child.stdout) said.push(String(chunk));
  child.stdin.destroy();
  expect(JSON.parse(said.join('')).cniVersion).toBe(cniVersion);
});
