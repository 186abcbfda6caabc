import * as sys from '@cni/sys';
import { describe, expect, test } from 'vitest';
import { CniError, SPEC_VERSIONS } from './index.ts';
import { failed, plugin, recorder, run } from './testing/run-plugin.ts';

describe('what is on stdin', () => {
  test.each([
    ['nothing', '', 6, 'configuration on stdin: empty'],
    ['a list', '[]', 6, 'configuration on stdin: expected object (got [])'],
    ['null', 'null', 6, 'configuration on stdin: expected object (got null)'],
    ['two documents', '{}{}', 6, 'configuration on stdin: not JSON'],
    ['too much', ' '.repeat(1 << 24), 6, 'configuration on stdin: larger than 8388608 bytes'],
    ['a mebibyte of brackets', '['.repeat(1 << 20), 6, 'configuration on stdin: nested deeper than 256 levels'],
    ['a version that is no text', '{"cniVersion":1,"name":"n"}', 6, 'cniVersion: expected string (got 1)'],
    ['a name that is no text', '{"name":[]}', 6, 'name: expected string (got [])'],
    ['no name', '{}', 7, 'name: required'],
    ['an empty name', '{"name":""}', 7, 'name: required'],
    ['a null name', '{"name":null}', 7, 'name: required'],
    ['a name in other letters', '{"Name":"n"}', 7, 'name: required'],
    ['a name for everything', '{"__proto__":{"name":"n"}}', 7, 'name: required'],
    ['a name that is a path', '{"name":"../n"}', 7, expect.stringMatching(/^name: .*\(got "\.\.\/n"\)$/)],
  ])('%s', (_, stdin, code, msg) => {
    for (const verb of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
      expect(run(plugin(), { verb, stdin })).toEqual(failed(code, msg));
    }
  });

  test('bytes that are no text become U+FFFD', () => {
    const { subject, calls } = recorder();
    const stdin = new Uint8Array([...sys.utf8('{"name":"n","mode":"'), 0xff, ...sys.utf8('"}')]);
    run(subject, { stdin });
    expect(calls).toMatchObject([{ config: { mode: '\ufffd' } }]);
  });

  test('unknown keys pass', () => {
    expect(run(plugin(), { config: { zip: { zap: [] }, 'cni.dev/x': 1, capabilities: { ips: true } } }).status).toBe(0);
  });

  test.each([
    [{ type: 5 }, 'type: expected string (got 5)'],
    [{ ipam: 'x' }, 'ipam: expected object (got "x")'],
    [{ ipam: { type: 5 } }, 'ipam.type: expected string (got 5)'],
    [{ dns: [] }, 'dns: expected object (got [])'],
    [{ dns: { nameservers: 'x' } }, 'dns.nameservers: expected array (got "x")'],
    [{ args: 1 }, 'args: expected object (got 1)'],
    [{ args: { cni: 1 } }, 'args.cni: expected object (got 1)'],
    [{ runtimeConfig: [] }, 'runtimeConfig: expected object (got [])'],
    [{ capabilities: 'x' }, 'capabilities: expected object (got "x")'],
    [{ prevResult: [] }, 'prevResult: expected object (got [])'],
    [{ prevResult: { ips: 1 } }, 'prevResult.ips: expected array (got 1)'],
    [{ mode: 5 }, 'mode: expected string (got 5)'],
    [{ logFile: 'x' }, 'logFile: expected an absolute path (got "x")'],
    [{ logLevel: 'all' }, 'logLevel: expected one of "error", "info", "debug" (got "all")'],
  ])('a wrong value: %j', (config, msg) => {
    expect(run(plugin(), { config })).toEqual(failed(7, msg));
    expect(run(plugin(), { verb: 'CHECK', config })).toEqual(failed(7, msg));
  });

  test('null is the same as nothing', () => {
    const config = {
      type: null,
      ipam: null,
      dns: null,
      args: null,
      runtimeConfig: null,
      prevResult: null,
      logFile: null,
    };
    expect(run(plugin(), { config: { ...config, cniVersion: null } }).stdout).toMatchObject({ cniVersion: '0.1.0' });
    expect(run(plugin(), { config: { ipam: { type: null }, args: { cni: null } } }).status).toBe(0);
  });
});

describe('versions', () => {
  test.each(SPEC_VERSIONS)('an answer in %s', (cniVersion) => {
    expect(run(plugin(), { config: { cniVersion } })).toMatchObject({ status: 0, stdout: { cniVersion } });
  });

  test.each([undefined, '', null])('no version (%j) is 0.1.0', (cniVersion) => {
    expect(run(plugin(), { config: { cniVersion } }).stdout).toEqual({
      cniVersion: '0.1.0',
      ip4: { ip: '10.1.2.3/8' },
    });
  });

  test.each(['1.0', 'v1.0.0', '1.0.0 ', '1.2.0', 'x', '0.3.2', 'toString'])('"%s" is refused', (cniVersion) => {
    for (const verb of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
      const refused = {
        ...failed(1),
        stdout: { cniVersion: '1.1.0', code: 1, msg: expect.stringMatching(/^cniVersion: /) },
      };
      expect(run(plugin(), { verb, config: { cniVersion } })).toEqual(refused);
    }
  });

  test.each([
    ['CHECK', '0.3.1', 1],
    ['CHECK', '0.4.0', 0],
    ['GC', '1.0.0', 1],
    ['GC', '1.1.0', 0],
    ['STATUS', '1.0.0', 1],
    ['STATUS', '1.1.0', 0],
    ['DEL', '0.1.0', 0],
  ])('%s in %s', (verb, cniVersion, status) => {
    const { status: ended, stdout } = run(plugin(), { verb, config: { cniVersion } });
    expect(ended).toBe(status);
    if (status === 1) expect(stdout).toMatchObject({ cniVersion, code: 1 });
  });

  test('a plugin need not speak all', () => {
    const subject = plugin({ versions: ['0.4.0', '1.0.0'] });
    expect(run(subject, { config: { cniVersion: '0.3.1' } }).stdout).toMatchObject({ cniVersion: '1.0.0', code: 1 });
    expect(run(subject, { config: { cniVersion: '0.4.0' } }).status).toBe(0);
  });

  test('errors are in the version asked for', () => {
    const subject = plugin({
      add: () => {
        throw new CniError('LINK_EXISTS', 'eth0', { details: 'd' });
      },
    });
    for (const cniVersion of SPEC_VERSIONS)
      expect(run(subject, { config: { cniVersion } }).stdout).toEqual({
        cniVersion,
        code: 100,
        msg: 'eth0',
        details: 'd',
      });
  });
});
