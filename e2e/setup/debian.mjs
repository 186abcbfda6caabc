import { spawnSync } from 'node:child_process';
import { Failure, must, step } from './run.mjs';

/** Debian's packages, by what they are for. */
const needed = {
  'the engine of the executables': ['gcc', 'libc6-dev', 'musl-tools', 'wabt'],
  // What is of it inside quickjs-wasi is compiled already; the package has the notice.
  'licence notices': ['wasi-libc'],
  'tests and the demo': [
    'iproute2',
    'iputils-ping',
    'kmod',
    'nftables',
    'iptables',
    'strace',
    'containernetworking-plugins',
  ],
  measurements: ['iperf3'],
};

/**
 * Without these there are no tests under real runtimes. Debian has the others for x86-64 only: without them there is no guest kernel, no
 * emulated machine, and no executable for arm64.
 */
const optional = [
  ...['containerd', 'crun', 'podman', 'busybox-static'],
  ...(process.arch === 'x64' ? ['user-mode-linux', 'gcc-aarch64-linux-gnu', 'qemu-user-static'] : []),
  ...(process.arch === 'x64' ? ['qemu-system-x86', 'cpio', 'socat'] : []),
];

/** Installs what is missing, as root on Debian; else says in one line what to install, and goes on. */
export async function prepareDebian() {
  const missing = missingPackages([...Object.values(needed).flat(), ...optional]);
  if (missing === undefined) {
    console.log(
      `set-up: no Debian here; needed are ${Object.values(needed).flat().join(' ')}, and better with ${optional.join(' ')}`,
    );
    return;
  }
  if (missing.length === 0) return;
  const install = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid() !== 0) {
    console.log(`set-up: not root, so please: sudo ${install}`);
    return;
  }
  const required = missing.filter((name) => !optional.includes(name));
  await step('set-up: list of Debian packages', () => apt('debian-update', ['update']));
  if (required.length > 0) await step(`set-up: ${required.join(' ')}`, () => apt('debian', ['install', ...required]));
  for (const name of missing.filter((one) => optional.includes(one))) await installOptional(name);
}

async function installOptional(name) {
  try {
    await step(`set-up: ${name}`, () => apt(`debian-${name}`, ['install', name]));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.log(`set-up: going on without ${name}`);
  }
}

function apt(name, args) {
  // Nothing that is there makes way, Docker's containerd for one, and no service is started.
  const options = ['-q', '-y', '--no-install-recommends', '--no-remove', '-o', 'DPkg::Lock::Timeout=120'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' };
  const remedy = 'Are the sources of apt (/etc/apt) right, and reachable?';
  return must(name, 'apt-get', [...options, ...args], { env, remedy });
}

/** Those of `names` that are not installed; `undefined` where there is no dpkg. */
function missingPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n', ...names], {
    encoding: 'utf8',
  });
  if (query.error) return undefined;
  const lines = query.stdout.split('\n');
  return names.filter((name) => !lines.includes(`installed ${name}`));
}
