import { randomHex } from '@cni/sys';
import { IMAGE } from '../image.ts';
import type { Place } from '../iperf.ts';
import type { Cri, SandboxConfig, SandboxStatus } from './client.ts';

/** As a kubelet passes on a pod's annotations; without them the pod has no limits. */
export interface Limits {
  readonly ingress: string;
  readonly egress: string;
}

/** A pod made through CRI, with one container that serves iperf3. */
export class CriPod implements Place {
  readonly id: string;
  readonly #cri: Cri;
  readonly #container: string;

  private constructor(cri: Cri, id: string, container: string) {
    this.#cri = cri;
    this.id = id;
    this.#container = container;
  }

  /** Throws what the runtime says when it refuses. */
  static async run(cri: Cri, runtimeHandler: string, limits?: Limits): Promise<CriPod> {
    const config = sandboxConfig(limits);
    const { podSandboxId } = await cri.call('RunPodSandbox', { config, runtimeHandler });
    const container = { metadata: { name: 'server' }, image: { image: IMAGE }, command: ['iperf3', '-s'] };
    const created = await cri.call('CreateContainer', { podSandboxId, config: container, sandboxConfig: config });
    await cri.call('StartContainer', created);
    return new CriPod(cri, podSandboxId, created.containerId);
  }

  async status(): Promise<SandboxStatus> {
    const { status } = await this.#cri.call('PodSandboxStatus', { podSandboxId: this.id, verbose: false });
    return status;
  }

  /** IPv4 and IPv6, as the runtime tells a kubelet. */
  async addresses(): Promise<[string, string]> {
    const { network } = await this.status();
    const all = [network.ip, ...network.additionalIps.map(({ ip }) => ip)];
    const [four, six] = [all.find((ip) => !ip.includes(':')), all.find((ip) => ip.includes(':'))];
    if (four === undefined || six === undefined) throw new Error(`addresses of pod ${this.id}: ${all.join(', ')}`);
    return [four, six];
  }

  /** The process that holds the pod's namespaces, and the file that its network namespace is bound to. */
  async sandbox(): Promise<{ pid: number; netns: string }> {
    const { info } = await this.#cri.call('PodSandboxStatus', { podSandboxId: this.id, verbose: true });
    const { pid, runtimeSpec } = JSON.parse(info['info'] ?? '{}') as {
      pid: number;
      runtimeSpec: { linux: { namespaces: { type: string; path?: string }[] } };
    };
    const netns = runtimeSpec.linux.namespaces.find(({ type }) => type === 'network')?.path;
    if (netns === undefined) throw new Error(`network namespace of pod ${this.id}: not in what the runtime says`);
    return { pid, netns };
  }

  /** Runs a program in the container; its output. Throws when it fails. */
  async run(...cmd: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#cri.call('ExecSync', {
      containerId: this.#container,
      cmd,
      timeout: 30,
    });
    if (exitCode !== 0) throw new Error(`${cmd.join(' ')} in a pod: exit status ${exitCode}\n${stdout}${stderr}`);
    return String(stdout);
  }

  async stop(): Promise<void> {
    await this.#cri.call('StopPodSandbox', { podSandboxId: this.id });
  }

  async remove(): Promise<void> {
    await this.#cri.call('RemovePodSandbox', { podSandboxId: this.id });
  }
}

function sandboxConfig(limits?: Limits): SandboxConfig {
  const name = `pod-${randomHex(3)}`;
  const annotations = limits && {
    'kubernetes.io/ingress-bandwidth': limits.ingress,
    'kubernetes.io/egress-bandwidth': limits.egress,
  };
  return { metadata: { name, uid: name, namespace: 'e2e' }, hostname: name, annotations: annotations ?? {}, linux: {} };
}
