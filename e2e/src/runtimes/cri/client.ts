import { join } from 'node:path';
import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface SandboxConfig {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string };
  readonly hostname: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: object;
}

export interface SandboxStatus {
  readonly id: string;
  readonly state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  readonly network: { readonly ip: string; readonly additionalIps: readonly { readonly ip: string }[] };
}

interface ContainerConfig {
  readonly metadata: { readonly name: string };
  readonly image: { readonly image: string };
  readonly command: readonly string[];
}

type SandboxId = { readonly podSandboxId: string };
type ContainerId = { readonly containerId: string };

/** The calls of cri.proto: what is asked, and what is answered. */
interface Calls {
  Version: [object, { runtimeName: string; runtimeVersion: string }];
  RunPodSandbox: [{ config: SandboxConfig; runtimeHandler: string }, SandboxId];
  StopPodSandbox: [SandboxId, object];
  RemovePodSandbox: [SandboxId, object];
  PodSandboxStatus: [SandboxId & { verbose: boolean }, { status: SandboxStatus; info: Record<string, string> }];
  ListPodSandbox: [object, { items: readonly Pick<SandboxStatus, 'id' | 'state'>[] }];
  CreateContainer: [SandboxId & { config: ContainerConfig; sandboxConfig: SandboxConfig }, ContainerId];
  StartContainer: [ContainerId, object];
  ExecSync: [
    ContainerId & { cmd: readonly string[]; timeout: number },
    { stdout: Buffer; stderr: Buffer; exitCode: number },
  ];
}

const TIMEOUT = 60_000;

/** A kubelet's end of the Container Runtime Interface. */
export class Cri {
  readonly #client: Client;

  /** Connects when the first call is made. */
  constructor(socket: string) {
    const definition = loadSync(join(import.meta.dirname, 'cri.proto'), {
      longs: Number,
      enums: String,
      defaults: true,
    });
    const loaded = loadPackageDefinition(definition) as unknown as {
      runtime: { v1: { RuntimeService: new (...words: unknown[]) => Client } };
    };
    // Unless told, the name of the server would be the socket's path, escaped, which Go's servers refuse.
    const options = { 'grpc.default_authority': 'localhost' };
    this.#client = new loaded.runtime.v1.RuntimeService(`unix:${socket}`, credentials.createInsecure(), options);
  }

  /** Throws what the runtime says, word for word. */
  call<Name extends keyof Calls>(name: Name, request: Calls[Name][0]): Promise<Calls[Name][1]> {
    const methods = this.#client as unknown as Record<
      Name,
      (request: object, options: object, done: (error: ServiceError | null, answer: Calls[Name][1]) => void) => void
    >;
    return new Promise((resolve, reject) => {
      methods[name](request, { deadline: Date.now() + TIMEOUT }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(new Error(`${name}: ${error.details}`));
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
