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
} from './kernel.ts';
export { attributeBytes, datagram, hex, rows } from './kernel-bytes.ts';
export { addNetns, type NetnsFixture, netnsTest, removeNetns, type TestNetns } from './netns.ts';
