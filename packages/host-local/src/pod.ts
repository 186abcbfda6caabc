import type { Attachment, CniArgs } from '@cni/skel';

/** Names an interface of a pod across containers, `namespace/name/ifname`; `undefined` where no pod's name was given. */
export function podOf(args: CniArgs<'K8S_POD_NAMESPACE' | 'K8S_POD_NAME'>, { ifName }: Attachment): string | undefined {
  const names = [args.get('K8S_POD_NAMESPACE') ?? '', args.get('K8S_POD_NAME') ?? ''];
  return names.every((name) => /^[^\s/]+$/.test(name)) ? [...names, ifName].join('/') : undefined;
}
