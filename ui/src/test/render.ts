import { render } from "@testing-library/svelte";
import { tick, type Component } from "svelte";
import AppView from "../App.svelte";
import { fakeHost, type FakeHost, type FakeOptions } from "../ipc/fake";
import { App } from "../state/app.svelte";
import WithApp from "./WithApp.svelte";

/** Draws a component with an `App` over the fake host, as the window has it. */
export async function renderWithApp<P extends Record<string, unknown>>(
  view: Component<P>,
  props: P,
  options: FakeOptions = {},
): Promise<{ app: App; host: FakeHost; container: HTMLElement }> {
  const host = fakeHost({ speed: Infinity, ...options });
  const app = new App(host);
  await app.start();
  const { container } = render(WithApp as unknown as Component<Record<string, unknown>>, { props: { app, view, props } });
  return { app, host, container };
}

/** The whole window. */
export async function renderWindow(options: FakeOptions = {}): Promise<{ app: App; host: FakeHost; container: HTMLElement }> {
  const host = fakeHost({ speed: Infinity, ...options });
  const app = new App(host);
  const { container } = render(AppView, { props: { app } });
  await app.start();
  await tick();
  return { app, host, container };
}
