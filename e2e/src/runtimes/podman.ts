import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended } from '../netns.ts';
import { IMAGE, imagePath } from './image.ts';
import type { Place } from './iperf.ts';
import { BIN, NETWORKS, type Site } from './site.ts';

/** podman with its CNI backend, all its state below the site's directory. */
export class Podman {
  readonly #site: Site;
  readonly #env: Readonly<Record<string, string>>;

  constructor(site: Site) {
    this.#site = site;
    const file = (name: string, lines: readonly string[]): string => {
      const path = join(site.directory, name);
      writeFileSync(path, `${lines.join('\n')}\n`);
      return path;
    };
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: site.directory,
      TMPDIR: site.directory,
      CONTAINERS_CONF: file('containers.conf', containersConf(site)),
      CONTAINERS_STORAGE_CONF: file('storage.conf', storageConf(site)),
    };
    file('policy.json', ['{"default":[{"type":"insecureAcceptAnything"}]}']);
    this.run('load', '-q', '-i', imagePath(), '--signature-policy', join(site.directory, 'policy.json'));
  }

  try(...words: string[]): Ended {
    return this.#site.node.try(['podman', ...words], { env: this.#env });
  }

  /** Its output; throws when it fails. */
  run(...words: string[]): string {
    const { status, stdout, stderr } = this.try(...words);
    if (status !== 0) throw new Error(`podman ${words.join(' ')}: exit status ${status}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Starts a container of that name that serves iperf3, or runs `command`. */
  container(name: string, options: readonly string[], command: readonly string[] = ['iperf3', '-s']): Container {
    this.run('run', '-d', '--cgroups', 'disabled', '--name', name, ...options, IMAGE, ...command);
    return new Container(this, name);
  }

  /** Removes all containers. */
  removeAll(): void {
    this.run('rm', '--all', '--force', '--time', '0');
  }
}

/** A container by its name. */
export class Container implements Place {
  readonly name: string;
  readonly #podman: Podman;

  constructor(podman: Podman, name: string) {
    this.#podman = podman;
    this.name = name;
  }

  run(...command: string[]): string {
    return this.#podman.run('exec', this.name, ...command);
  }

  /** What `eth0` has, as podman remembers it. */
  network(network: string): { ip: string; mac: string; netns: string } {
    const [{ NetworkSettings: settings }] = JSON.parse(this.#podman.run('inspect', this.name));
    const { IPAddress: ip, MacAddress: mac } = settings.Networks[network];
    return { ip, mac, netns: settings.SandboxKey };
  }
}

function containersConf({ directory, crun }: Site): string[] {
  return [
    '[containers]',
    'apparmor_profile = "unconfined"',
    'default_sysctls = []',
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    'runtime = "crun"',
    `tmp_dir = "${directory}/tmp"`,
    '[engine.runtimes]',
    `crun = ["${crun}"]`,
    '[network]',
    'network_backend = "cni"',
    `cni_plugin_dirs = ["${BIN}"]`,
    `network_config_dir = "${NETWORKS}"`,
  ];
}

function storageConf({ directory }: Site): string[] {
  return ['[storage]', 'driver = "overlay"', `runroot = "${directory}/run"`, `graphroot = "${directory}/graph"`];
}
