import { findStat, text, utf8 } from '@cni/sys';
import { expect, test } from 'vitest';
import { findCached, listCached, notCached, removeCached, writeCached } from './cache.ts';
import { BARE_RESULT, LIBCNI_1_1, LIBCNI_1_3 } from './libcni.golden.ts';
import { Stage } from './testing/stage.ts';

const key = { networkName: 'cnictl-interop', containerId: 'pod1', ifName: 'eth0' };
const NAME = 'cnictl-interop-pod1-eth0';
/** What the results of the goldens tell of. */
const SANDBOX = '/run/netns/cnictl-t2';

test('what libcni 1.1 wrote: the namespace is that of the result', () => {
  using stage = new Stage();
  stage.cache(NAME, LIBCNI_1_1);
  const cached = findCached(stage.cacheDir, key);
  expect(cached).toMatchObject({
    ...key,
    netns: SANDBOX,
    cniArgs: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAME', 'a'],
    ],
    capabilities: { bandwidth: { ingressBurst: 8000000, ingressRate: 8000000 } },
    result: { cniVersion: '1.0.0', ips: [{ address: '10.213.8.2/24', gateway: '10.213.8.1', interface: 2 }] },
  });
  expect(JSON.parse(text(cached?.config ?? utf8('')))).toMatchObject({ name: 'cnictl-interop', cniVersion: '1.0.0' });
});

test('what libcni 1.3 wrote: the namespace as well', () => {
  using stage = new Stage();
  stage.cache(NAME, LIBCNI_1_3);
  expect(findCached(stage.cacheDir, key)).toMatchObject({ ...key, netns: '/run/netns/blue', cniArgs: [] });
});

test('a bare result, as before libcni 0.8', () => {
  using stage = new Stage();
  stage.cache(NAME, BARE_RESULT);
  expect(findCached(stage.cacheDir, key)).toEqual({
    ...key,
    netns: SANDBOX,
    cniArgs: [],
    capabilities: {},
    config: new Uint8Array(0),
    result: JSON.parse(BARE_RESULT),
  });
});

test.each<[string, (text: string) => string]>([
  ['a host interface only', (text) => text.replace(`,"sandbox":"${SANDBOX}"`, '')],
  ['another interface of the container', (text) => text.replace('"name":"eth0","sandbox"', '"name":"net1","sandbox"')],
  ['a sandbox that is no path', (text) => text.replace(SANDBOX, 'vm-7')],
])('no namespace where the result of libcni 1.1 has %s', (_, changed) => {
  using stage = new Stage();
  stage.cache(NAME, changed(LIBCNI_1_1));
  expect(changed(LIBCNI_1_1)).not.toBe(LIBCNI_1_1);
  expect(findCached(stage.cacheDir, key)?.netns).toBe('');
});

test('what is read is written the same again, key for key', () => {
  const content = LIBCNI_1_3;
  using stage = new Stage();
  stage.cache(NAME, content);
  const cached = findCached(stage.cacheDir, key);
  stage.cache(NAME, '');
  if (cached !== undefined) writeCached(stage.cacheDir, cached);
  const written = JSON.parse(stage.cached(NAME) ?? '');
  expect(written).toEqual(JSON.parse(content));
  expect(Object.keys(written)).toEqual(Object.keys(JSON.parse(content)));
});

test('only root looks into it, and nothing else is in it', () => {
  using stage = new Stage();
  const attachment = { ...key, netns: '', cniArgs: [], capabilities: {}, config: utf8('{}'), result: {} };
  writeCached(stage.cacheDir, attachment);
  const path = `${stage.cacheDir}/results`;
  expect([findStat(path)?.permissions, findStat(`${path}/${NAME}`)?.permissions]).toEqual([0o700, 0o600]);
  expect(JSON.parse(stage.cached(NAME) ?? '')).toEqual({
    kind: 'cniCacheV1',
    containerId: 'pod1',
    config: 'e30=',
    ifName: 'eth0',
    networkName: 'cnictl-interop',
    result: {},
  });
  removeCached(stage.cacheDir, key);
  removeCached(stage.cacheDir, key);
  expect(findCached(stage.cacheDir, key)).toBeUndefined();
});

test.each<[string, string, string]>([
  ['no JSON', '{', 'not JSON'],
  ['another kind', '{"kind":"cniCacheV2"}', 'kind: expected "cniCacheV1"'],
  ['a result of no version', '{"ips":[]}', 'kind: expected "cniCacheV1"'],
  ['a broken configuration', LIBCNI_1_1.replace('"config":"', '"config":"!'), 'config: not base64'],
])('%s is an error that names the file', (_, content, message) => {
  using stage = new Stage();
  stage.cache(NAME, content);
  const path = `${stage.cacheDir}/results/${NAME}`;
  expect(() => findCached(stage.cacheDir, key)).toThrow(path);
  expect(() => findCached(stage.cacheDir, key)).toThrow(message);
});

test('the attachments of one network; what cannot be read is passed over', () => {
  using stage = new Stage();
  expect(listCached(stage.cacheDir, 'cnictl-interop')).toEqual([]);
  stage.cache('b', LIBCNI_1_1);
  stage.cache('a', LIBCNI_1_3);
  stage.cache('c', LIBCNI_1_3.replace('"networkName":"cnictl-interop"', '"networkName":"other"'));
  stage.cache('d', BARE_RESULT);
  stage.cache('e', 'broken');
  const netns = listCached(stage.cacheDir, 'cnictl-interop').map((cached) => cached.netns);
  expect(netns).toEqual(['/run/netns/blue', SANDBOX]);
});

test('what is not there is named', () => {
  expect(notCached('/var/lib/cni', key).message).toBe(
    'eth0 of pod1 is not attached to cnictl-interop: no /var/lib/cni/results/cnictl-interop-pod1-eth0',
  );
});
