/** Where a network keeps its addresses. */
export interface Location {
  readonly dataDir: string;
  readonly network: string;
}

/** File names of a store. The reference plugin reads everything below `addresses`, so what is ours alone is beside it, not in it. */
export interface Paths {
  readonly addresses: string;
  readonly index: string;
  /** In the index, so that neither is there without the other. */
  readonly journal: string;
  /** What is written here gets its name when it is complete. */
  readonly aside: string;
  readonly damaged: string;
  /** What was freed lately. */
  readonly freed: string;
  /** What somebody else on the network has. */
  readonly answered: string;
  /** For which pods addresses are kept. */
  readonly sticky: string;
  /** There if the network's addresses may be in use elsewhere on this node. */
  readonly isolated: string;
}

/** The file names of a network's store. No network's name starts with a dot. */
export function pathsOf({ dataDir, network }: Location): Paths {
  const side = `${dataDir}/.host-local/${network}`;
  return {
    addresses: `${dataDir}/${network}`,
    index: `${side}/index`,
    journal: `${side}/index/journal`,
    aside: `${side}/aside`,
    damaged: `${side}/damaged`,
    freed: `${side}/freed`,
    answered: `${side}/answered`,
    sticky: `${side}/sticky`,
    isolated: `${side}/isolated`,
  };
}
