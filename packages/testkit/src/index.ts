export { type Case, conformance, conformanceCases, type Fixture, type Place } from './conformance.ts';
export { type Disturbed, eachFault, type Fault, withFault } from './faults.ts';
export {
  ack,
  answerTo,
  done,
  type ExtendedAck,
  type KernelAnswer,
  type KernelRequest,
  refuse,
  replay,
  type ScriptedKernel,
  scriptedKernel,
  sentBy,
} from './kernel.ts';
export { attributeBytes, datagram, goldens, hex, payloadsOf, rows, unnumbered } from './kernel-bytes.ts';
export { linkAnswer, linkBody, linkPart } from './kernel-links.ts';
export { addNetns, type NetnsFixture, netnsTest, removeNetns, type TestNetns } from './netns.ts';
export { type Probe, type Reached, reach, type Server } from './reach/reach.ts';
export { addServices, type Service } from './reach/services.ts';
export {
  addSiteServices,
  closedWays,
  openWays,
  type Party,
  SERVICE_CIDRS,
  type Site,
  tryWays,
  WAY_NAMES,
  type WayTried,
} from './reach/ways.ts';
