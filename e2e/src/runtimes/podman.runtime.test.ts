/** podman with its CNI backend, on our whole chain. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outsideAddresses } from '../world.ts';
import { ipvlanChain, withRanges } from './chain.ts';
import { expectRates } from './iperf.ts';
import { skipOrFail } from './obstacle.ts';
import { type Container, Podman } from './podman.ts';
import { eventually, Site } from './site.ts';

const [INGRESS, EGRESS] = [8e6, 4e6];
/** podman has no way to ask for limits: they stand in the conflist. */
const list = withRanges(ipvlanChain('l2', { ingressRate: INGRESS, egressRate: EGRESS }), 'l2');
const names = list.plugins.map(({ type }) => type);
const [OUTSIDE = ''] = outsideAddresses;

/** What is left of the environment when podman is started by conmon, beside CNI's own variables. */
const AT_EXIT = /^(CNI_\w+|_\w+|HOME|PATH|PWD|SHLVL|TMPDIR|XDG_RUNTIME_DIR|CONTAINERS_CONF)$/;

const obstacle = skipOrFail('podman');
let site: Site;
let podman: Podman;
let calls: string;
beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));
beforeAll(() => {
  if (obstacle !== undefined) return;
  site = new Site('podman');
  site.configure(list);
  calls = join(site.directory, 'calls');
  for (const name of names) site.record(name, calls);
  podman = new Podman(site);
});
afterEach(() => {
  podman?.removeAll();
  site?.expectNothingLeft();
});
afterAll(() => site?.remove());

const start = (name: string, ...options: string[]): Container =>
  podman.container(name, ['--network', list.name, ...options]);

/** The calls since the last time: `COMMAND plugin`, and the names of the variables that the plugin had. */
function called(): { call: string; variables: string[] }[] {
  const lines = existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(calls, { force: true });
  return lines.map((line) => {
    const [command, plugin, ...variables] = line.split(' ');
    return { call: `${command} ${plugin}`, variables };
  });
}

/** Less those by which podman asks at every command whether a network can be used. */
const attachments = () => called().filter(({ call }) => !call.startsWith('VERSION'));

describe('podman, ipvlan l2', () => {
  test('network ls asks every plugin for its VERSION', () => {
    called();
    const printed = podman.run('network', 'ls', '--format', '{{.Name}} {{.Driver}}');
    expect(printed.split('\n')).toContain(`${list.name} ipvlan`);
    const asked = called().map(({ call }) => call);
    expect(asked).toEqual(names.map((name) => `VERSION ${name}`));
  });

  test('two containers reach each other and the outside, limited both ways', async ({ annotate }) => {
    const [one, two] = [start('one'), start('two')];
    // What comes from the other container has its limit too.
    await expectRates(one, two.network(list.name).ip, { out: EGRESS, back: EGRESS }, annotate);
    await expectRates(one, OUTSIDE, { out: EGRESS, back: INGRESS }, annotate);
  });

  test('--ip is given; --mac-address cannot be, and podman tells the address that the link has', () => {
    const one = start('one', '--ip', '10.1.0.77', '--mac-address', '02:11:22:33:44:55');
    const { ip, mac } = one.network(list.name);
    expect(ip).toBe('10.1.0.77');
    const [uplink] = site.node.json('link', 'show', 'uplink');
    expect(mac).toBe(uplink?.['address']);
    const shown = one.run('ip', 'address', 'show', 'eth0');
    expect(shown).toContain(`link/ether ${mac}`);
    expect(shown).toContain('inet 10.1.0.77/24');
  });

  test('restart: DEL, ADD, another namespace', () => {
    const [one, two] = [start('one'), start('two')];
    const before = one.network(list.name);
    called();
    podman.run('restart', '--time', '0', 'one');
    const expected = [...names.toReversed().map((name) => `DEL ${name}`), ...names.map((name) => `ADD ${name}`)];
    expect(attachments().map(({ call }) => call)).toEqual(expected);
    const after = one.network(list.name);
    expect(after.netns).not.toBe(before.netns);
    two.run('ping', '-c', '1', '-W', '5', after.ip);
  });

  test('a container ends by itself: DEL with an almost empty environment', async () => {
    called();
    podman.container('short', ['--network', list.name], ['sleep', '0.1']);
    await eventually(() => site.expectNothingLeft());
    const deletions = attachments().filter(({ call }) => call.startsWith('DEL'));
    expect(deletions.map(({ call }) => call)).toEqual(names.toReversed().map((name) => `DEL ${name}`));
    for (const { variables } of deletions) expect(variables.filter((name) => !AT_EXIT.test(name))).toEqual([]);
  });
});
