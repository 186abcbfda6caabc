/** npm itself, publishing to a registry that is a few lines long. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'cni-publish-'));

interface Publication {
  readonly versions: Readonly<Record<string, object>>;
  readonly _attachments: Readonly<Record<string, { readonly data: string }>>;
}

/** What was published, by name. */
const known = new Map<string, Publication>();
let server: Server;

async function answer(request: IncomingMessage): Promise<[status: number, body: object]> {
  const name = decodeURIComponent(request.url?.slice(1) ?? '');
  if (request.method === 'PUT') known.set(name, (await json(request)) as Publication);
  const found = known.get(name);
  if (found === undefined) return [404, { error: 'not_found' }];
  const [version] = Object.keys(found.versions);
  return [200, { name, 'dist-tags': { latest: version }, versions: found.versions }];
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const registry = `//127.0.0.1:${port}/`;
  writeFileSync(
    join(scratch, 'npmrc'),
    `registry=http:${registry}\n${registry}:_authToken=any\ncache=${scratch}/cache\n`,
  );
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

/** A process of its own: this one has to answer meanwhile. */
async function run(code: string): Promise<string> {
  const imports = `import { publish } from '${join(import.meta.dirname, 'npm.ts')}';`;
  // A registry in the environment would go before the one of the file.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name));
  const env = { ...Object.fromEntries(own), NPM_CONFIG_USERCONFIG: join(scratch, 'npmrc') };
  const child = spawn(
    process.execPath,
    ['--conditions=@cni/source', '--input-type=module', '-e', `${imports}\n${code}`],
    {
      cwd: scratch,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(stderr).toBe('');
  return stdout.trim();
}

test('the very tarballs, and only those that are not there yet', async () => {
  const packed = [];
  for (const name of ['@cni/first', '@cni/second']) {
    const directory = join(scratch, name);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, version: '1.2.3' }));
    const code = `import { execFileSync } from 'node:child_process';
      console.log(execFileSync('npm', ['pack', '--silent', '--pack-destination', ${JSON.stringify(scratch)}], { cwd: ${JSON.stringify(directory)}, encoding: 'utf8' }));`;
    packed.push({ name, version: '1.2.3', path: join(scratch, await run(code)), size: 0 });
  }
  const publish = (some: object) =>
    run(`console.log(publish(${JSON.stringify(scratch)}, ${JSON.stringify(some)}).map(({ name }) => name).join(' '));`);
  expect(await publish(packed.slice(0, 1))).toBe('@cni/first');
  expect(await publish(packed)).toBe('@cni/second');
  expect([...known.keys()].toSorted()).toEqual(['@cni/first', '@cni/second']);
  for (const { name, path } of packed) {
    const [attachment] = Object.values(known.get(name)?._attachments ?? {});
    expect(Buffer.from(attachment?.data ?? '', 'base64').equals(readFileSync(path))).toBe(true);
  }
});
