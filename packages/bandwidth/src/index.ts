export { bandwidth } from './bandwidth.ts';
export { type BucketPlace, type BucketReport, type Watched, watch } from './buckets.ts';
export { type Asked, type Direction, type Origin, parseBurst, parseRate } from './config.ts';
export { type Extension, extendLimits } from './extend.ts';
export { type LimitReport, type Limits, type LimitsInput, lookAtNode, type Node, openLimits } from './limits.ts';
export { type Bits, formatAmount, formatBits } from './quantity.ts';
