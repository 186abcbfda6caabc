import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BuildError } from './build-error.ts';

/** An architecture, as `uname -m` names it. */
export type Target = 'x86_64' | 'aarch64';

interface Platform {
  readonly package: string;
  /** The largest page a kernel of this architecture uses: what is mapped from the file starts at a multiple of it. */
  readonly pageSize: number;
}

const platforms: Record<Target, Platform> = {
  x86_64: { package: '@cni/aot-linux-x64', pageSize: 0x1000 },
  aarch64: { package: '@cni/aot-linux-arm64', pageSize: 0x10000 },
};

export const targets: readonly Target[] = ['x86_64', 'aarch64'];

/** The architecture of this machine. */
export function hostTarget(): Target {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

export interface Engine {
  readonly executable: Uint8Array;
  readonly pageSize: number;
}

/** The licence notices of what is inside the engine of an architecture. */
export function engineNotices(target: Target): string {
  const { package: name } = platforms[target];
  try {
    return readFileSync(createRequire(import.meta.url).resolve(`${name}/NOTICES`), 'utf8');
  } catch (error) {
    throw new BuildError(`find the licence notices of the engine for ${target}: package ${name} has none`, {
      cause: error,
    });
  }
}

/** The engine of an architecture: an executable that lacks nothing but a program. */
export function loadEngine(target: Target): Engine {
  const platform = platforms[target];
  try {
    const path = createRequire(import.meta.url).resolve(`${platform.package}/engine`);
    return { executable: readFileSync(path), pageSize: platform.pageSize };
  } catch (error) {
    throw new BuildError(`find the engine for ${target}: package ${platform.package} is not installed or not built`, {
      cause: error,
    });
  }
}
