/** How the funds of a channel may lie: laws of the share of it that its first node has. */
import type { Random } from './random.js';

/** `uniform`: any share is as likely; `bimodal`: nearly all lies on one side. */
export type BalanceModel = 'uniform' | 'bimodal';

/** How far the funds of a bimodal channel lie from its end on average, as a share of it. */
const BIMODAL_SCALE = 0.05;

/** A share of 0 to 1. */
export function drawShare(model: BalanceModel, random: Random): number {
  if (model === 'uniform') return random();
  const near = Math.min(1, -Math.log(1 - random()) * BIMODAL_SCALE);
  return random() < 0.5 ? near : 1 - near;
}

/** How likely a share is, against others; 0 outside 0 to 1. */
export function densityOf(model: BalanceModel, share: number): number {
  if (share < 0 || share > 1) return 0;
  if (model === 'uniform') return 1;
  return Math.exp(-share / BIMODAL_SCALE) + Math.exp((share - 1) / BIMODAL_SCALE);
}
