import { type Cidr, parseCidr } from '@cni/ip';
import type { Netns } from '@cni/sys';
import { expectTypeOf, test } from 'vitest';
import * as z from 'zod/mini';
import { definePlugin, type Ipam, type NoKeys, parsed, type Result, type Undo, type ValidAttachment } from './index.ts';

const Config = z.object({
  mode: z._default(z.enum(['l2', 'l3']), 'l2'),
  subnet: z.optional(parsed(parseCidr)),
});

const DelConfig = z.object({ dataDir: z.optional(z.string()) });

const parts = { name: 'x', about: 'does x', config: Config, add: (): Result => ({}), del: () => {}, check: () => {} };

test('what each verb is given follows from the schemas', () => {
  definePlugin({
    ...parts,
    delConfig: DelConfig,
    runtimeConfig: z.object({ ips: z.optional(z.array(z.string())) }),
    argsCni: z.object({ labels: z.optional(z.string()) }),
    cniArgs: ['IP', 'MAC'],
    add(call) {
      expectTypeOf(call.config.mode).toEqualTypeOf<'l2' | 'l3'>();
      expectTypeOf(call.config.subnet).toEqualTypeOf<Cidr | undefined>();
      expectTypeOf(call.runtimeConfig.ips).toEqualTypeOf<string[] | undefined>();
      expectTypeOf(call.argsCni.labels).toEqualTypeOf<string | undefined>();
      expectTypeOf(call.args.get).parameter(0).toEqualTypeOf<'IP' | 'MAC'>();
      expectTypeOf(call.netns).toEqualTypeOf<Netns>();
      expectTypeOf(call.ipam).toEqualTypeOf<Ipam | undefined>();
      expectTypeOf(call.prevResult).toEqualTypeOf<Result | undefined>();
      expectTypeOf(call.undo).toEqualTypeOf<Undo>();
      return {};
    },
    del(call) {
      expectTypeOf(call.config.dataDir).toEqualTypeOf<string | undefined>();
      expectTypeOf(call.netns).toEqualTypeOf<Netns | undefined>();
      // @ts-expect-error DEL takes nothing back: it is what takes back
      void call.undo;
    },
    check(call) {
      expectTypeOf(call.config.mode).toEqualTypeOf<'l2' | 'l3'>();
      // @ts-expect-error CHECK makes nothing
      void call.undo;
    },
    gc(call) {
      expectTypeOf(call.validAttachments).toEqualTypeOf<readonly ValidAttachment[]>();
      // @ts-expect-error GC is about no attachment
      void call.attachment;
    },
    status(call) {
      expectTypeOf(call.config.mode).toEqualTypeOf<'l2' | 'l3'>();
      // @ts-expect-error STATUS is about no attachment
      void call.netns;
    },
  });
});

test('nothing is known of what no schema was given for', () => {
  definePlugin({
    ...parts,
    add(call) {
      expectTypeOf(call.runtimeConfig).toEqualTypeOf<undefined>();
      expectTypeOf(call.argsCni).toEqualTypeOf<undefined>();
      expectTypeOf(call.args.get).parameter(0).toEqualTypeOf<never>();
      // @ts-expect-error no such key in the schema
      void call.config.mtu;
      return {};
    },
    del(call) {
      expectTypeOf(call.config).toEqualTypeOf<NoKeys>();
      // @ts-expect-error the configuration may have gone bad since ADD
      void call.config.mode;
    },
  });
});

test('results of a wrong shape', () => {
  // @ts-expect-error an address is a value, not text
  definePlugin({ ...parts, add: () => ({ ips: [{ address: '10.0.0.1/8' }] }) });
  // @ts-expect-error ADD returns a result
  definePlugin({ ...parts, add: () => {} });
  // @ts-expect-error interfaces have names
  definePlugin({ ...parts, add: () => ({ interfaces: [{ mac: '0a:00:00:00:00:01' }] }) });
  definePlugin({
    ...parts,
    // @ts-expect-error no such member
    add() {
      return { ips: [], interface: [] };
    },
  });
  // @ts-expect-error nothing that a result has
  definePlugin({ ...parts, add: () => ({ interface: [] }) });
  // @ts-expect-error a list is no result
  definePlugin({ ...parts, add: () => [] });
  // @ts-expect-error no such member, further down
  definePlugin({ ...parts, add: () => ({ interfaces: [{ name: 'eth0', nam: 'eth0' }] }) });
});

test('verbs that are not done when they return', () => {
  // @ts-expect-error a promise of a result is none
  definePlugin({ ...parts, add: async () => ({}) });
  // @ts-expect-error nobody would wait for it
  definePlugin({ ...parts, del: async () => {} });
  // @ts-expect-error nobody would wait for it
  definePlugin({ ...parts, gc: async () => {} });
});

test('a verb that is missing, a key that is wrong', () => {
  // @ts-expect-error no del
  definePlugin({ name: 'x', about: 'does x', config: Config, add: () => ({}), check: () => {} });
  // @ts-expect-error no about
  definePlugin({ name: 'x', config: Config, add: () => ({}), del: () => {}, check: () => {} });
  // @ts-expect-error no such verb
  definePlugin({ ...parts, update: () => {} });
  // @ts-expect-error no such version
  definePlugin({ ...parts, versions: ['1.2.0'] });
  // @ts-expect-error no such role
  definePlugin({ ...parts, role: 'main' });
});
