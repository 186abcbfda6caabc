import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pendingChangesets, type Repository } from './repository.ts';

/**
 * What is new in this release, for the operator: the notes of every package's `CHANGELOG.md` that changesets wrote for this version, each
 * once; before that, the changesets themselves.
 */
export function changelogOf(repository: Repository): string {
  const { root, version } = repository;
  const files = globSync('{apps,packages}/*/CHANGELOG.md', { cwd: root }).toSorted();
  const written = files.flatMap((file) => notesOf(readFileSync(join(root, file), 'utf8'), version));
  if (written.length > 0) return page(version, written);
  const pending = pendingChangesets(repository).toSorted();
  return page(
    `${version}, not released`,
    pending.map((name) => bodyOf(join(root, '.changeset', name))),
  );
}

function page(title: string, notes: readonly string[]): string {
  const unique = [...new Set(notes.map((note) => note.trim()))];
  return `# Changes\n\n## ${title}\n${unique.map((note) => `\n- ${note.replaceAll('\n', '\n  ')}\n`).join('')}`;
}

/** The items below `## VERSION`; those that only say that a dependency moved are left out. */
function notesOf(changelog: string, version: string): string[] {
  const [, section = ''] = changelog.split(`\n## ${version}\n`);
  const [own = ''] = section.split(/\n## /);
  return own
    .split(/^- /m)
    .slice(1)
    .map((item) =>
      item
        .replace(/\n### [\s\S]*$/, '')
        .replace(/^[0-9a-f]{7,40}: /, '')
        .replaceAll('\n  ', '\n'),
    )
    .filter((item) => !item.startsWith('Updated dependencies') && !/^@cni\/\S+@/.test(item));
}

/** A changeset without its list of packages. */
function bodyOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/^---\n[\s\S]*?\n---\n/, '');
}
