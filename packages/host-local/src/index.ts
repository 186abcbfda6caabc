export { type Holding, type Holdings, type Inventory, isHeldBy, type Oddity, openHoldings } from './holdings.ts';
export { hostLocal } from './host-local.ts';
export type { Owner } from './record.ts';
