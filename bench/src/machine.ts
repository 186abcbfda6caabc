import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Above this, figures of a table are worth less: a part of the processors that others used. */
export const DISTURBED = 0.1;

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
  16914836: 'tmpfs',
};

/** The machine in a sentence, without anything that identifies it. */
export function describeMachine(directory: string): string {
  const [first] = cpus();
  const processors = `${cpus().length} × ${first?.model.trim() || process.arch}`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const { type } = statfsSync(directory);
  return `${processors}, ${memory}, Linux ${kernelVersion()}, files on ${FILE_SYSTEMS[type] ?? `type ${type}`}`;
}

/** Without what the distribution or the owner added. */
function kernelVersion(): string {
  return /^[\d.]+/.exec(release())?.[0] ?? release();
}

/** The version of the reference plugins, as the package manager knows it. */
export function referenceVersion(): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of dpkg-query
  const asked = ['-W', '-f', '${Version}', 'containernetworking-plugins'];
  const { status, stdout } = spawnSync('dpkg-query', asked, { encoding: 'utf8' });
  return status === 0 ? `containernetworking-plugins ${stdout}` : 'of unknown version';
}

/** A note for a table when others worked while it was measured. */
export function describeDisturbance(share: number): string[] {
  if (share < DISTURBED) return [];
  return [`Disturbed: other programs used ${Math.round(share * 100)} % of the processors meanwhile.`];
}
