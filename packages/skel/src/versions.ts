/** The versions of the specification that exist, oldest first. */
export const SPEC_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type SpecVersion = (typeof SPEC_VERSIONS)[number];

/** The newest version of the specification known here. */
export const NEWEST: SpecVersion = '1.1.0';

/** Results changed shape between generations, not within one. */
export type Generation = 'ip4-ip6' | 'versioned-ips' | 'ips';

const GENERATIONS: Readonly<Record<SpecVersion, Generation>> = {
  '0.1.0': 'ip4-ip6',
  '0.2.0': 'ip4-ip6',
  '0.3.0': 'versioned-ips',
  '0.3.1': 'versioned-ips',
  '0.4.0': 'versioned-ips',
  '1.0.0': 'ips',
  '1.1.0': 'ips',
};

/** The shape of results in a version. */
export function generationOf(version: SpecVersion): Generation {
  return GENERATIONS[version];
}

/** Whether a text is, to the letter, a version of the specification. */
export function isSpecVersion(text: string): text is SpecVersion {
  return (SPEC_VERSIONS as readonly string[]).includes(text);
}

/** Whether `version` is `since` or newer. */
export function isAtLeast(version: SpecVersion, since: SpecVersion): boolean {
  return SPEC_VERSIONS.indexOf(version) >= SPEC_VERSIONS.indexOf(since);
}
