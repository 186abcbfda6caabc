/** A failure the author of a plugin can do something about: the message says what and where. Others are our bugs. */
export class BuildError extends Error {
  override name = 'BuildError';
}
