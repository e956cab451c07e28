import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { tick } from "svelte";
import { describe, expect, it } from "vitest";
import { renderWindow } from "../../test/render";
import { exchange, pullOf } from "./exchange.fixture";
import { defaultStep } from "./view.svelte";

const WEB = "127.0.0.1:5055/web:2.0";
/** The window with Wire open, and exchanges of a page that was opened before them. */
async function open(heads = pullOf(6)) {
  const drawn = await renderWindow();
  drawn.app.openWire(null);
  drawn.app.go({ kind: "images" });
  await tick();
  for (const head of heads) drawn.host.wire.add({ ...head, id: drawn.host.wire.heads.length + 1 });
  await tick();
  return { ...drawn, user: userEvent.setup() };
}
const steps = () => within(screen.getByRole("list", { name: /Exchanges/ })).getAllByRole("button");
const current = () => steps().find((step) => step.getAttribute("aria-current") === "step");
const panel = () => screen.getByRole("complementary", { name: "Wire" });

describe("the panel", () => {
  it("folds requests that are alike, and shows them when asked", async () => {
    const { user } = await open();
    expect(steps()).toHaveLength(7);
    expect(screen.getByText(/10 more requests are folded/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show all 17" }));
    expect(steps()).toHaveLength(17);
    await user.click(screen.getByRole("button", { name: /Fold/ }));
    expect(steps()).toHaveLength(7);
  });

  it("speaks each step in full", async () => {
    await open();
    expect(steps()[0]).toHaveAccessibleName("Step 1: GET library/nginx/manifests/1.25 on registry-1.docker.io, answered 401, where to get a token, 84 milliseconds");
  });

  it("explains the chosen step; a secret is a hatched block and nothing else", async () => {
    const { user } = await open();
    await user.click(steps()[0] ?? expect.fail());
    expect(await within(panel()).findByText(/which is why 401 here/)).toBeInTheDocument();
    const secret = within(panel()).getByRole("img", { name: "hidden" });
    expect(secret.parentElement).toHaveTextContent(/^Bearer$/);
    await user.click(within(panel()).getByRole("button", { name: "Body" }));
    expect(within(panel()).getByText('"UNAUTHORIZED"')).toBeInTheDocument();
    await user.click(within(panel()).getByRole("button", { name: "Timing" }));
    expect(within(panel()).getByText("First byte")).toBeInTheDocument();
  });

  it("asks for an exchange once, and again when it has ended", async () => {
    const { host } = await open([exchange({ id: 1, live: true, status: null })]);
    const asked = () => host.calls.filter(({ name }) => name === "read_exchange").length;
    await waitFor(() => expect(asked()).toBe(1));
    const head = host.wire.heads.at(-1) ?? expect.fail();
    host.wire.change(head, { received: 500 });
    await tick();
    expect(asked()).toBe(1);
    host.wire.change(head, { live: false, status: 200 });
    await waitFor(() => expect(asked()).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(asked()).toBe(2);
  });

  it("is walked with the arrow keys", async () => {
    const { user } = await open();
    await user.click(steps()[0] ?? expect.fail());
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(current()).toHaveAccessibleName(/^Step 3:/);
    await waitFor(() => expect(current()).toHaveFocus());
    await user.keyboard("{End}");
    expect(current()).toHaveAccessibleName(/^Step 7:/);
    await user.keyboard("{Home}{ArrowUp}");
    expect(current()).toHaveAccessibleName(/^Step 1:/);
  });

  it("shows what belongs to the page, and the rest when asked", async () => {
    const { app, user } = await open();
    app.go({ kind: "settings" });
    await tick();
    expect(within(panel()).getByText("Nothing went over the wire for this page")).toBeInTheDocument();
    await user.click(within(panel()).getByRole("button", { name: /^Show all/ }));
    expect(steps().length).toBeGreaterThan(6);
  });

  it("follows an image's page, whatever tab is open", async () => {
    const { app } = await open([]);
    app.inspect(WEB);
    await waitFor(() => expect(steps()).toHaveLength(1));
    expect(steps()[0]).toHaveAccessibleName(/web\/manifests\/2.0/);
    app.navigation.replace({ kind: "image", input: WEB, from: "auto", platform: null, tab: "layers" });
    await tick();
    expect(steps()).toHaveLength(1);
  });

  it("shows the exchanges of the transfer on screen", async () => {
    const { app } = await open([]);
    await app.pull(WEB);
    await waitFor(() => expect(within(panel()).getByText("pull web:2.0")).toBeInTheDocument());
    expect(steps()[0]).toHaveAccessibleName(/web\/manifests\/2.0/);
  });

  it("closes, and gives its place back", async () => {
    const { app, user } = await open();
    await user.click(screen.getByRole("button", { name: "Close Wire" }));
    expect(app.wire.open).toBe(false);
    expect(screen.queryByRole("complementary", { name: "Wire" })).toBeNull();
  });
});

describe("the strip", () => {
  it("holds the last exchange, and opens the panel", async () => {
    const { app, host } = await renderWindow();
    host.wire.add({ ...exchange({ id: 1 }), path: `/v2/a/blobs/sha256:${"8b".repeat(32)}`, summary: "layer", elapsed: 42 });
    await tick();
    expect(screen.getByText("GET \u2026/blobs/sha256:8b8b\u2026")).toBeInTheDocument();
    expect(screen.getByText("42 ms")).toBeInTheDocument();
    await userEvent.setup().click(screen.getByRole("button", { name: /^Wire/ }));
    expect(app.wire.open).toBe(true);
  });
});

describe("the step that is explained first", () => {
  it("is what failed, else the last manifest, else the newest", () => {
    expect(defaultStep(pullOf(2))).toBe(4);
    expect(defaultStep([...pullOf(1), exchange({ id: 30, failed: true, path: "/v2/x/blobs/y" })])).toBe(30);
    expect(defaultStep([exchange({ id: 5, path: "/token", role: "auth" })])).toBe(5);
    expect(defaultStep([])).toBeNull();
  });
});
