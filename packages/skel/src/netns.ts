import { isErrno, isOwnNetns, type Netns, openNetns } from '@cni/sys';
import { type Environment, variable } from './environment.ts';
import { CniError } from './error.ts';
import { quote } from './schema.ts';

/** The namespace of an attachment, opened; or why it is not. */
export type Opened = { readonly netns: Netns; readonly own: boolean } | { readonly cause: unknown };

/** Opens CNI_NETNS and tells whether it is the namespace this program is in. */
export function openSandbox(path: string): Opened {
  let netns: Netns | undefined;
  try {
    netns = openNetns(path);
    return { netns, own: isOwnNetns(netns) };
  } catch (cause) {
    netns?.close();
    return { cause };
  }
}

/** Whether the operator says that a container in the plugin's own namespace is what is wanted. */
export function mayBeOwn(env: Environment): boolean {
  return /^(1|true)$/i.test(variable(env, 'CNI_NETNS_OVERRIDE'));
}

/** The error for a namespace that an ADD or CHECK needs and that cannot be opened. */
export function unopened(cause: unknown): CniError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CniError('INVALID_ENVIRONMENT', `CNI_NETNS: ${reason}`, { cause });
}

/** The error for an ADD to the plugin's own namespace. */
export function ownNamespace(path: string): CniError {
  const message = `CNI_NETNS: ${quote(path)} is the plugin's own network namespace; CNI_NETNS_OVERRIDE=1 would let it pass`;
  return new CniError('INVALID_NETNS', message);
}

/** Whether the namespace cannot be there, as against there and not to be had. */
export function isGone(cause: unknown): boolean {
  return isErrno(cause, 'ENOENT', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG', 'ELOOP', 'ESRCH');
}
