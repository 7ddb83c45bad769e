import type { NodeConfig } from './config.js';

/** The name and color that others see, where the operator chose none: they come from the id. */
export function withIdentity(config: NodeConfig, nodeId: string): NodeConfig {
  return {
    ...config,
    alias: config.alias === '' ? `levin-${nodeId.slice(2, 10)}` : config.alias,
    color: config.color === '' ? nodeId.slice(2, 8) : config.color,
  };
}
