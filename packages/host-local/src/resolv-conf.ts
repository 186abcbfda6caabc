import type { Dns } from '@cni/skel';

/** Reads a resolv.conf(5): the last `domain` counts, the other keywords add up; anything else is passed over. */
export function parseResolvConf(text: string): Dns {
  const dns: Dns = {};
  for (const line of text.split('\n')) {
    const [keyword = '', value, ...more] = line.trim().split(/\s+/);
    if (value === undefined) continue;
    if (keyword === 'nameserver') dns.nameservers = [...(dns.nameservers ?? []), value];
    else if (keyword === 'domain') dns.domain = value;
    else if (keyword === 'search' || keyword === 'options') dns[keyword] = [...(dns[keyword] ?? []), value, ...more];
  }
  return dns;
}
