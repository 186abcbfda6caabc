import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { searchPath } from '../uml/boot.ts';

/** The programs of each runtime, and the Debian packages that have them. */
const needed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  containerd: { containerd: 'containerd', ctr: 'containerd', 'containerd-shim-runc-v2': 'containerd', crun: 'crun' },
  podman: { podman: 'podman', conmon: 'conmon', crun: 'crun' },
  all: { busybox: 'busybox-static', iperf3: 'iperf3', tc: 'iproute2' },
};

/** Why the tests of a runtime cannot run on this machine; `undefined` when they can. */
export function obstacleTo(runtime: 'containerd' | 'podman'): string | undefined {
  const missing = Object.entries({ ...needed[runtime], ...needed['all'] }).filter(([program]) => !isThere(program));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map(([, name]) => name))];
  return `missing on this machine: ${missing.map(([program]) => program).join(', ')} (Debian: ${packages.join(' ')})`;
}

function isThere(program: string): boolean {
  return searchPath()
    .split(delimiter)
    .some((directory) => existsSync(join(directory, program)));
}

/** The same, and the reason is shown; in continuous integration nothing is skipped. */
export function skipOrFail(runtime: 'containerd' | 'podman'): string | undefined {
  const obstacle = obstacleTo(runtime);
  if (obstacle !== undefined && process.env['CI']) throw new Error(`run ${runtime}: ${obstacle}`);
  return obstacle;
}
