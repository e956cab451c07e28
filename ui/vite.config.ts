import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// `--mode browser` and the development server talk to the fake host (src/ipc/fake);
// a plain build talks to Tauri alone and leaves the fake out of the bundle.
export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    target: "safari16",
    // Inlined assets would be data: URLs, which the window's content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./vitest.setup.ts"],
    include: ["src/**/*.test.ts"],
    restoreMocks: true,
    // A context for every file, not a process: jsdom is loaded once for each worker.
    pool: "vmThreads",
    maxWorkers: "100%",
    // A window full of dialogs takes its time to draw on a machine that builds meanwhile.
    testTimeout: 20_000,
  },
});
