import { attribute, attributes } from '../codec/attributes.ts';
import { type Codec, type Fixed, flag, mapped, u32 } from '../codec/codec.ts';
import { type WithKind, withKind } from '../codec/kind.ts';
import { struct } from '../codec/struct.ts';
import type { Shape } from '../message.ts';
import { bytes32, rate64, ratespec, type Statistics, statistics, type TcHeader, tcShape } from './codec.ts';
import type { Fifo, FqCodel, Tbf } from './qdisc.ts';
import {
  type Bytes,
  type BytesPerSecond,
  burstOf,
  bytesPerSecond,
  type Micros,
  micros,
  type Ticks,
  ticksOf,
  U32_MAX,
} from './units.ts';

interface TbfParameters {
  readonly rate: BytesPerSecond;
  readonly peakRate: BytesPerSecond;
  readonly limit: Bytes;
  readonly buffer: Ticks;
  readonly mtu: Ticks;
}

const ticks: Fixed<Ticks> = mapped(
  u32,
  (value: Ticks) => value as number,
  (wire) => wire as Ticks,
);

/** `struct tc_tbf_qopt`, linux/pkt_sched.h */
const tbfParameters = struct<TbfParameters>('tc_tbf_qopt', 36, {
  rate: ratespec,
  peakRate: ratespec,
  limit: bytes32,
  buffer: ticks,
  mtu: ticks,
});

interface TbfAttributes {
  readonly parameters?: TbfParameters;
  readonly rate64?: BytesPerSecond;
  readonly burst?: Bytes;
}

/** `TCA_TBF_*`, linux/pkt_sched.h; the rate tables are for kernels before 3.8. */
const tbfAttributes = attributes<TbfAttributes>(
  'TCA_TBF',
  { parameters: attribute(1, tbfParameters), rate64: attribute(4, rate64), burst: attribute(6, bytes32) },
  { skipRest: true },
);

/** With the burst in bytes, which is exact; the kernel then does not look at the ticks, and does not tell it again. */
export const tbf: Codec<Tbf> = {
  ...mapped<TbfAttributes, Tbf>(
    tbfAttributes,
    ({ rate, burst, limit }) => ({
      parameters: {
        rate,
        peakRate: bytesPerSecond(0),
        limit,
        buffer: ticksOf(burst, rate),
        mtu: 0 as Ticks,
      },
      ...(rate > U32_MAX && { rate64: rate }),
      burst,
    }),
    ({ parameters, rate64, burst }) => {
      const rate = rate64 ?? parameters?.rate ?? bytesPerSecond(0);
      const { limit = 0 as Bytes, buffer = 0 as Ticks } = parameters ?? {};
      return { rate, burst: burst ?? burstOf(buffer, rate), limit };
    },
  ),
  locate: (encoded, start, end, at) => tbfAttributes.locate?.(encoded, start, end, at) ?? [],
};

const time: Fixed<Micros> = mapped(u32, (value: Micros) => value as number, micros);
const boolean: Fixed<boolean> = mapped(u32, Number, (wire) => wire !== 0);

/** `TCA_FQ_CODEL_*`, linux/pkt_sched.h */
const fqCodel = attributes<FqCodel>(
  'TCA_FQ_CODEL',
  {
    target: attribute(1, time),
    limit: attribute(2, u32),
    interval: attribute(3, time),
    ecn: attribute(4, boolean),
    flows: attribute(5, u32),
    quantum: attribute(6, bytes32),
    memoryLimit: attribute(9, bytes32),
  },
  { skipRest: true },
);

/** `struct tc_fifo_qopt`, linux/pkt_sched.h */
const fifo = struct<Fifo>('tc_fifo_qopt', 4, { limit: u32 });

export interface QdiscAttributes {
  readonly statistics?: Statistics;
  readonly dumpInvisible?: true;
}

/** `TCA_*`, linux/rtnetlink.h */
export const qdiscAttributes: Codec<QdiscAttributes & WithKind> = withKind<QdiscAttributes>(
  'TCA',
  { tbf, fq_codel: fqCodel, bfifo: fifo, pfifo: fifo },
  { statistics: attribute(7, statistics), dumpInvisible: attribute(10, flag) },
);

export const qdiscShape: Shape<TcHeader, QdiscAttributes & WithKind> = tcShape('qdisc', qdiscAttributes);
