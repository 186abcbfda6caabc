import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Conflist } from '../runtime.ts';
import { Cri } from './cri/client.ts';
import { IMAGE, imagePath } from './image.ts';
import { BIN, end, eventually, NETWORKS, type Site } from './site.ts';

/** containerd on a site, with a runtime handler for each network. */
export class Containerd {
  readonly cri: Cri;
  readonly #site: Site;
  readonly #config: string;
  #process: ChildProcess;

  private constructor(site: Site, config: string) {
    this.#site = site;
    this.#config = config;
    this.#process = site.daemon('containerd', '--config', config);
    this.cri = new Cri(socketOf(site));
  }

  /** Starts it and imports the image, for CRI and for `ctr`. */
  static async start(site: Site, handlers: Readonly<Record<string, Conflist>>): Promise<Containerd> {
    const config = join(site.directory, 'config.toml');
    for (const [handler, list] of Object.entries(handlers)) site.configure(list, networkOf(handler));
    writeFileSync(config, configOf(site, Object.keys(handlers)));
    const containerd = new Containerd(site, config);
    await containerd.#answer();
    for (const namespace of ['k8s.io', 'default'])
      site.node.run('ctr', '-a', socketOf(site), '-n', namespace, 'images', 'import', imagePath());
    return containerd;
  }

  /** Kills it, as a crash would, and starts it again. */
  async restart(): Promise<void> {
    await end(this.#process, 'SIGKILL');
    this.#process = this.#site.daemon('containerd', '--config', this.#config);
    await this.#answer();
  }

  /** Removes the pods that there are, and throws if there were any. */
  async expectNoPods(): Promise<void> {
    const { items } = await this.cri.call('ListPodSandbox', {});
    for (const { id: podSandboxId } of items) {
      await this.cri.call('StopPodSandbox', { podSandboxId });
      await this.cri.call('RemovePodSandbox', { podSandboxId });
    }
    expect(items).toEqual([]);
  }

  async stop(): Promise<void> {
    this.cri.close();
    await end(this.#process, 'SIGTERM');
  }

  async #answer(): Promise<void> {
    await eventually(() => this.cri.call('Version', {}));
  }
}

export function socketOf({ directory }: Site): string {
  return join(directory, 'containerd.sock');
}

function networkOf(handler: string): string {
  return join(NETWORKS, '..', `${handler}.d`);
}

function configOf({ directory, crun }: Site, handlers: readonly string[]): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const lines = [
    'version = 2',
    `root = "${directory}/root"`,
    `state = "${directory}/state"`,
    '[grpc]',
    `address = "${directory}/containerd.sock"`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `path = "${directory}/opt"`,
    `[${cri}]`,
    `sandbox_image = "${IMAGE}"`,
    'disable_tcp_service = true',
    'disable_apparmor = true',
    'restrict_oom_score_adj = true',
    'netns_mounts_under_state_dir = true',
    `[${cri}.cni]`,
    `bin_dir = "${BIN}"`,
    `conf_dir = "${NETWORKS}"`,
    ...handlers.slice(0, 1).flatMap((first) => [`[${cri}.containerd]`, `default_runtime_name = "${first}"`]),
    ...handlers.flatMap((handler) => [
      `[${cri}.containerd.runtimes.${handler}]`,
      'runtime_type = "io.containerd.runc.v2"',
      `cni_conf_dir = "${networkOf(handler)}"`,
      'cni_max_conf_num = 1',
      `[${cri}.containerd.runtimes.${handler}.options]`,
      `BinaryName = "${crun}"`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
