/** The main job on a real kernel: two pods attached, reached, checked, detached, and nothing left. Run by `npm run demo`. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNetns, type Netns } from '../netns.ts';
import { ours } from '../world.ts';
import { Node, type Pod } from './node.ts';
import { note, section, step, table, verdict } from './print.ts';

const EXECUTABLES = ['ipvlan', 'host-local', 'cnictl'];

function demo(directory: string): boolean {
  const node = new Node(directory);
  try {
    introduce(node);
    install(node);
    const before = node.state();
    const pods = attach(node);
    const reached = ping(node, pods);
    const checked = check(node, pods);
    const detached = detach(node, pods);
    const clean = compare(before, node.state());
    return summary({ reached, checked, detached, clean });
  } finally {
    node.delete();
  }
}
