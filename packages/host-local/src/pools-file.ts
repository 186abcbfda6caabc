import { CniError } from '@cni/skel';
import { readText } from '@cni/sys';
import * as z from 'zod/mini';
import { type PoolConfig, Pools } from './config.ts';

/** The pools of a node, by name, from a file with `pools` as in `ipam`. Throws `SysError`, or {@link CniError} `INVALID_CONFIG` naming the file. */
export function readPools(path: string | undefined): [string, PoolConfig][] {
  if (path === undefined) return [];
  const result = z.safeParse(z.object({ pools: Pools }), parse(path));
  if (result.success) return Object.entries(result.data.pools);
  const [issue] = result.error.issues;
  throw new CniError('INVALID_CONFIG', `${path}: ${issue?.path.join('.')}: ${issue?.message}`);
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CniError('INVALID_CONFIG', `${path}: not JSON`, { cause: error });
    throw error;
  }
}
