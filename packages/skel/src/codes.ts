/**
 * Every error code, by name: its number and what it means. Append only: a code is never removed, renumbered or given
 * another meaning. 1 to 99 belong to the specification, 8 and 999 to its Go library; ours start at 100.
 */
export const CODES = {
  INCOMPATIBLE_VERSION: [1, 'the CNI version of the configuration is not supported'],
  UNSUPPORTED_FIELD: [2, 'a field of the configuration is not supported; the message has its key and value'],
  UNKNOWN_CONTAINER: [3, 'the container is unknown or gone; the runtime need not clean up'],
  INVALID_ENVIRONMENT: [4, 'an environment variable is missing or wrong; the message names it'],
  IO_FAILURE: [5, 'reading, writing or another call to the operating system was refused'],
  UNDECODABLE: [6, 'what was received is not JSON of the expected form'],
  INVALID_CONFIG: [7, 'the network configuration is not valid; the message names the key and the value'],
  INVALID_NETNS: [8, "CNI_NETNS is the plugin's own network namespace"],
  TRY_AGAIN_LATER: [11, 'a passing condition; the same request may succeed later'],
  NOT_AVAILABLE: [50, 'STATUS: an ADD would not succeed'],
  LIMITED_CONNECTIVITY: [51, 'STATUS: an ADD would not succeed, and existing containers may have lost their network'],
  LINK_EXISTS: [100, 'a link of that name is there already'],
  LINK_MISSING: [101, 'CHECK: the link is gone'],
  LINK_MISMATCH: [102, 'a link is not of the kind, mode or size it should be'],
  ADDRESS_MISSING: [103, 'CHECK: an address is gone'],
  ADDRESS_IN_USE: [104, 'a requested address is taken'],
  ADDRESS_DUPLICATE: [105, 'another host on the network answers for the address'],
  ROUTE_MISSING: [106, 'CHECK: a route is gone'],
  POOL_EXHAUSTED: [107, 'no address is left'],
  DUPLICATE_ALLOCATION: [108, 'the attachment has an address of this network already'],
  ALLOCATION_MISSING: [109, 'CHECK: no address is reserved for the attachment'],
  CHECK_FAILED: [110, 'CHECK: something that ADD made is missing or was changed'],
  STORE_DAMAGED: [111, 'stored state cannot be read'],
  MASTER_MISSING: [112, 'the link that containers are to be attached to is not there'],
  GATEWAY_MISSING: [113, 'nobody on the network answers for the gateway'],
  DELEGATE_NOT_FOUND: [120, 'a plugin to delegate to is not in any directory of CNI_PATH'],
  DELEGATE_FAILED: [121, 'a plugin that was delegated to ended without an answer that can be understood'],
  INCOMPLETE: [122, 'more than one thing could not be removed; the rest was'],
  INTERNAL: [999, 'anything else'],
} as const;

export type CodeName = keyof typeof CODES;
