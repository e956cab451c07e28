import { mount } from "svelte";
import "./design/index.css";
import AppView from "./App.svelte";
import type { Host } from "./ipc/host";
import { isTauri, tauriHost } from "./ipc/tauri";
import { App } from "./state/app.svelte";

async function chooseHost(): Promise<Host> {
  // Written so that a production build drops the fake.
  if (import.meta.env.MODE !== "production" && !isTauri()) {
    const { fakeHost } = await import("./ipc/fake");
    return fakeHost();
  }
  return tauriHost;
}

const target = document.getElementById("app");
if (target) {
  const app = new App(await chooseHost());
  mount(AppView, { target, props: { app } });
  void app.start();
}
