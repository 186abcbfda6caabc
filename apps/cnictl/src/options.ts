import type { Options } from './command-line.ts';

/** How every command that calls plugins finds them, and tells of it. */
export const NETWORK_OPTIONS: Options = {
  'conf-dir': { value: 'DIR', about: 'where networks are: *.conflist (default $NETCONFPATH, else /etc/cni/net.d)' },
  'bin-dir': {
    value: 'DIR[:DIR]',
    repeat: true,
    about: 'where plugins are; may be repeated (default $CNI_PATH, else /opt/cni/bin)',
  },
  'cache-dir': { value: 'DIR', about: 'where attachments are remembered, as libcni does (default /var/lib/cni)' },
  json: { about: 'print JSON' },
  trace: { about: 'show on stderr what goes into each plugin and what comes out' },
};

/** What an attachment is. */
export const ATTACHMENT_OPTIONS: Options = {
  ifname: { value: 'NAME', short: 'i', about: 'the interface in the namespace (default $CNI_IFNAME, else eth0)' },
  'container-id': { value: 'ID', about: 'default: made of the namespace, cnictl-NAME' },
  args: { value: 'K=V[;K=V]', about: 'CNI_ARGS for the plugins (default $CNI_ARGS)' },
  capability: {
    value: 'KEY=JSON',
    repeat: true,
    about: 'a value for a capability; may be repeated; adds to $CAP_ARGS, a JSON object',
  },
};

/** A running pod, and its limits. */
export const BANDWIDTH_OPTIONS: Options = {
  ifname: { value: 'NAME', short: 'i', about: 'the interface in the namespace (default $CNI_IFNAME, else eth0)' },
  'container-id': { value: 'ID', about: 'instead of NETNS' },
  ingress: { value: 'RATE', about: 'for set: bits per second into the pod, 1k to 1P, such as 200M; or none' },
  egress: { value: 'RATE', about: 'the same out of it' },
  'ingress-burst': {
    value: 'BITS',
    about: 'for set: what may pass at once after a pause; none: computed from the rate',
  },
  'egress-burst': { value: 'BITS', about: 'the same out of it' },
};

/** What is still in use. */
export const GC_OPTIONS: Options = {
  valid: {
    value: 'ID/IFNAME',
    repeat: true,
    about: 'an attachment to keep; may be repeated (default: each whose namespace is still there)',
  },
  all: { about: 'keep none' },
};

/** From where to where, and which way. */
export const INSTALL_OPTIONS: Options = {
  'bin-dir': { value: 'DIR', about: 'where plugins are (default /opt/cni/bin)' },
  from: { value: 'DIR', about: 'where the release was unpacked (default: where this program is)' },
  verify: { about: 'install nothing: compare what is there with the release' },
  rollback: { about: 'bring back what was there before the last install' },
  force: { about: 'also overwrite files of others, and roll back what was changed since' },
  json: { about: 'print JSON' },
};

export const HELP_OPTION: Options = { help: { short: 'h', about: 'print this' } };
