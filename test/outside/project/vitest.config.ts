import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: { include: ['*.spec.ts'], globalSetup: ['./global-setup.ts'], testTimeout: 30_000 },
});

// Vitest reads its settings from a default export.
export default config;
