import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { fault } from "../ipc/fake";
import type { FaultCode } from "../ipc/bindings";
import { renderWithApp } from "../test/render";
import { ADVICE, type FaultContext } from "./faults";
import FaultView from "./FaultView.svelte";

const CODES = Object.keys(ADVICE) as FaultCode[];
const context = (code: FaultCode): FaultContext => ({
  fault: fault(code, "`x` failed"),
  subject: "ghcr.io/owner/app:v1",
  registry: "ghcr.io",
  host: "ghcr.io",
  path: "owner/app",
  platform: "linux/amd64",
});

describe("advice", () => {
  test.each(CODES)("%s: every sentence is in the voice of the window", (code) => {
    const advice = ADVICE[code];
    const causes = advice.causes(context(code));
    const sentences = [advice.title?.(context(code)) ?? "", advice.about, ...causes.flatMap(({ question, detail }) => [question, detail])];
    for (const sentence of sentences) {
      expect(sentence).not.toMatch(/!|undefined|\bError\b|Oops|\bplease\b/i);
      expect(sentence.split("`").length % 2, sentence).toBe(1);
    }
    expect(causes.length).toBeGreaterThan(0);
    expect(advice.about).toMatch(/\.$/);
    expect(new Set(causes.map(({ question }) => question)).size).toBe(causes.length);
  });
});

describe("the fault page", () => {
  test.each(CODES)("%s is drawn with a sentence and a way on", async (code) => {
    await renderWithApp(FaultView, { fault: fault(code, "`x` failed", { hint: "Do this", causes: ["because of `y`"] }), subject: "ghcr.io/owner/app:v1", onretry: () => undefined });
    expect(screen.getByRole("heading", { level: 1 })).not.toBeEmptyDOMElement();
    expect(screen.getAllByText("because of", { exact: false })[0]).toBeVisible();
    expect(screen.getAllByRole("button").length).toBeGreaterThan(1);
  });

  test("a name with two letters swapped is offered as it was meant", async () => {
    const user = userEvent.setup();
    const { host, container } = await renderWithApp(FaultView, { fault: fault("auth_required", "`ngnix` may be private", { docker: "pull access denied for ngnix, repository does not exist" }), subject: "ngnix:1.25", verb: "pull" });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Docker Hub will not say whether library/ngnix exists");
    expect(container.querySelector(".diff")).toHaveTextContent("ni");
    expect(screen.getByText(/pull access denied for ngnix, repository does not exist/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Pull nginx:1.25" }));
    await waitFor(() => expect(host.calls.some(({ name, args }) => name === "start_pull" && JSON.stringify(args).includes("nginx:1.25"))).toBe(true));
  });

  test("each platform that there is can be chosen", async () => {
    const user = userEvent.setup();
    const { app } = await renderWithApp(FaultView, { fault: fault("platform_missing", "no", { choices: ["linux/arm64", "linux/arm/v7", "linux/arm64"] }), subject: "multi:1.0" });
    await user.click(screen.getByRole("button", { name: "Choose linux/arm/v7" }));
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "multi:1.0", platform: "linux/arm/v7" });
  });

  test("the exchange is shown beside it, and leaves with the page", async () => {
    const { app } = await renderWithApp(FaultView, { fault: fault("not_found", "no", { exchange: 7 }), subject: "x" });
    expect(app.wire).toEqual({ open: true, selected: 7 });
    app.go({ kind: "settings" });
    expect(app.wire.open).toBe(false);
    expect(app.settings.value.wireOpen).toBe(false);
  });

  test("where Wire would cover the page it opens on demand", async () => {
    vi.spyOn(window, "matchMedia").mockImplementation((media) => Object.assign(new EventTarget(), { matches: true, media, onchange: null, addListener: () => undefined, removeListener: () => undefined }));
    const user = userEvent.setup();
    const { app } = await renderWithApp(FaultView, { fault: fault("internal", "no", { exchange: 7 }), subject: "x" });
    expect(app.wire.open).toBe(false);
    await user.click(screen.getByRole("button", { name: "Show exchange" }));
    expect(app.wire).toEqual({ open: true, selected: 7 });
  });

  test("without a way to try again, none is offered", async () => {
    await renderWithApp(FaultView, { fault: fault("unreachable", "no"), subject: "x" });
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  });

  test("registry text is text", async () => {
    const { container } = await renderWithApp(FaultView, { fault: fault("registry_refused", "<img src=x onerror=alert(1)> \u202Egnp.exe", { causes: ["x".repeat(100_000)] }), subject: "<b>x</b>" });
    expect(container.querySelector("img, b b")).toBeNull();
    expect(container.textContent.length).toBeLessThan(8000);
  });
});
