export { coordinator } from './coordinator.ts';
export { type Synced, syncAttachments } from './sync.ts';
