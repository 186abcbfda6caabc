import { expectTypeOf, test } from 'vitest';
import type { Ipvlan, LinkInfo, Macvlan, NewLink } from './link.ts';

const name = 'eth0';

test('the kind chooses the data', () => {
  expectTypeOf({ name, info: { kind: 'ipvlan' as const, data: { mode: 'l2' as const } } }).toExtend<NewLink>();
  // @ts-expect-error a mode that does not exist
  const mode: NewLink = { name, info: { kind: 'ipvlan', data: { mode: 'l4' } } };
  // @ts-expect-error a mode of another kind
  const other: NewLink = { name, info: { kind: 'macvlan', data: { mode: 'l2' } } };
  // @ts-expect-error a veth without a peer
  const veth: NewLink = { name, info: { kind: 'veth' } };
  // @ts-expect-error a kind that is not made here
  const kind: NewLink = { name, info: { kind: 'vxlan' } };
  expectTypeOf([mode, other, veth, kind]).toEqualTypeOf<NewLink[]>();
});

test('an alias is not for a new link', () => {
  // @ts-expect-error the kernel would pass over it
  const link: NewLink = { name, alias: 'pod', info: { kind: 'ifb' } };
  expectTypeOf(link).toEqualTypeOf<NewLink>();
});

test('what is read of a kind, if it can be read', () => {
  const info = { kind: 'ipvlan' } as LinkInfo;
  if (info.kind === 'ipvlan') expectTypeOf(info.data).toEqualTypeOf<Ipvlan | undefined>();
  if (info.kind === 'macvlan') expectTypeOf(info.data).toEqualTypeOf<Macvlan | undefined>();
});
