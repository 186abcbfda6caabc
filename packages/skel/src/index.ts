export type { CniArgs } from './cni-args.ts';
export { CODES, type CodeName } from './codes.ts';
export { execPlugin, findPlugin } from './delegate.ts';
export { type Environment, isIdentifier, readVerb, type Verb } from './environment.ts';
export { CniError, type CniErrorOptions, type Failure, isCniError, toFailure } from './error.ts';
export { type Executed, type ExecuteInput, execute } from './execute.ts';
export { withFastPath } from './fast-path.ts';
export { fnv1a } from './hash.ts';
export type { Ipam } from './ipam.ts';
export { isObject, type JsonObject, parseJson } from './json.ts';
export {
  type AddCall,
  type Attachment,
  type CheckCall,
  type DelCall,
  definePlugin,
  type GcCall,
  type Network,
  type NoKeys,
  type Nothing,
  type Plugin,
  type PluginDefinition,
  type StatusCall,
  type ValidAttachment,
} from './plugin.ts';
export { attachKeys, commonKeys } from './request.ts';
export {
  type Dns,
  decodeResult,
  encodeResult,
  mergeDns,
  type Result,
  type ResultInterface,
  type ResultIp,
  type ResultRoute,
} from './result.ts';
export { run } from './run.ts';
export { parsed, parseWith, type Schema } from './schema.ts';
export { attemptAll, type Undo, withUndo } from './undo.ts';
export { neededPrevResult } from './verbs.ts';
export { isAtLeast, isSpecVersion, SPEC_VERSIONS, type SpecVersion } from './versions.ts';
