export { monotonic, now, randomBytes, randomHex, sleep } from './clock.ts';
export {
  listDirectory,
  makeDirectories,
  readSmallFiles,
  removeDirectoryIfPresent,
  syncDirectory,
} from './directories.ts';
export { errnoName, isErrno, SysError } from './errno.ts';
export { type ExecOptions, type ExecResult, exec } from './exec.ts';
export {
  close,
  findEnd,
  findStat,
  findText,
  link,
  type OpenMode,
  open,
  readFile,
  readLink,
  readStart,
  readText,
  removeIfPresent,
  rename,
  replaceFile,
  type Stat,
  setPermissions,
  stat,
  type WriteOptions,
  writeAll,
  writeFile,
} from './files.ts';
export { type Lock, lockFile, withNetnsLock } from './lock.ts';
export { isOwnNetns, type Netns, openNetns, ownNetns, readSysctl, writeSysctls } from './netns.ts';
export {
  args,
  describeStack,
  detach,
  env,
  environ,
  pid,
  programVersion,
  readStdin,
  readStdinPiece,
  start,
  writeStderr,
  writeStdout,
} from './process.ts';
export { openSocket, type Socket } from './socket.ts';
export { hex, sha256, text, utf8 } from './text.ts';
