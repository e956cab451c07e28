import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { fault } from "../../ipc/fake";
import { renderWithApp } from "../../test/render";
import QuayView from "./QuayView.svelte";
import HomePage from "./HomePage.svelte";

describe("the practice quay", () => {
  test("two clicks pull any image: its name, then the one orange button", async () => {
    const user = userEvent.setup();
    const { app, host, container } = await renderWithApp(HomePage, {});
    await user.click(await screen.findByRole("radio", { name: /hello:1.1/ }));
    expect(container.querySelectorAll(".btn--go")).toHaveLength(1);
    await user.click(screen.getByRole("button", { name: /Pull 3.2 MB/ }));
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(host.calls.find(({ name }) => name === "start_pull")?.args).toMatchObject({ request: { input: "127.0.0.1:5055/hello:1.1" } });
    expect(app.command).toBe("docker pull 127.0.0.1:5055/hello:1.1");
  });

  test("arrows choose along the quay", async () => {
    const user = userEvent.setup();
    await renderWithApp(HomePage, {});
    const group = await screen.findByRole("radiogroup");
    within(group).getByRole("radio", { checked: true }).focus();
    await user.keyboard("{ArrowRight}");
    expect(within(group).getByRole("radio", { checked: true })).toHaveAccessibleName(/web:2.1/);
    expect(within(group).getByRole("radio", { checked: true })).toHaveFocus();
    await user.keyboard("{End}{ArrowRight}");
    expect(within(group).getByRole("radio", { checked: true })).toHaveAccessibleName(/hello:1.0/);
  });

  test("an image that stacks the same layer twice, or shares one between platforms, is drawn", async () => {
    const layer = { digest: "sha256:aa", size: 10, label: "base", presentLocally: false };
    const image = { reference: "h/odd:1", repository: "odd", tag: "1", about: "Pushed here", platforms: ["linux/amd64", "linux/arm64"], layers: [layer, layer], size: 20, missing: 10, local: false };
    const { container } = await renderWithApp(QuayView, { images: [image, { ...image, reference: "h/odd:2", tag: "2", platforms: ["linux/amd64"] }] });
    expect(container.querySelectorAll(".slab")).toHaveLength(4);
  });

  test("what is here is hatched, and the rest says what is missing", async () => {
    const { container } = await renderWithApp(HomePage, {}, { local: ["web:2.0"] });
    await screen.findByRole("heading", { name: "Practice registry" });
    // The base, the runtime and the first top; the base is shared by four.
    expect(container.querySelectorAll(".slab--have")).toHaveLength(3);
    expect(screen.getByRole("button", { name: "Pull 912 kB" })).toBeVisible();
    expect(screen.getByRole("listitem", { name: /^base, 2.8 MB, in hello:1.0, hello:1.1, web:2.0, web:2.1, already here$/ })).toBeInTheDocument();
  });

  test("an image that is here opens instead", async () => {
    const user = userEvent.setup();
    const { app } = await renderWithApp(HomePage, {}, { local: ["web:2.0"] });
    await user.click(await screen.findByRole("radio", { name: /web:2.0/ }));
    await user.click(screen.getByRole("button", { name: "Open" }));
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "127.0.0.1:5055/web:2.0" });
  });

  test("each thing to try does what it says", async () => {
    const user = userEvent.setup();
    const { app, host } = await renderWithApp(HomePage, {});
    await user.click(await screen.findByRole("button", { name: /watch the requests/ }));
    expect(app.wire.open).toBe(true);
    await user.click(screen.getByRole("button", { name: /for all three platforms/ }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "start_pull").at(-1)?.args).toMatchObject({ request: { allPlatforms: true, platform: null } }));
    await user.click(screen.getByRole("button", { name: /changes one file/ }));
    expect(app.navigation.page).toMatchObject({ kind: "image", tab: "layers" });
  });

  test("while the registry is asked, bars stand where images will", async () => {
    const { host } = await renderWithApp(HomePage, {});
    expect(host.calls.some(({ name }) => name === "practice_shelf")).toBe(true);
    expect(screen.getByRole("heading", { name: "Land your first image" })).toBeVisible();
  });

  test("a practice registry that could not start is a fault with a way on", async () => {
    const user = userEvent.setup();
    const { host } = await renderWithApp(HomePage, {}, { practice: false });
    expect(await screen.findByRole("heading", { name: "No loopback port was free" })).toBeVisible();
    const before = host.calls.filter(({ name }) => name === "practice_shelf").length;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(host.calls.filter(({ name }) => name === "practice_shelf").length).toBeGreaterThan(before);
  });

  test("a shelf that can't be read is a fault", async () => {
    await renderWithApp(HomePage, {}, { failing: { practice_shelf: fault("store_failed", "`index.json` could not be read") } });
    expect(await screen.findByRole("heading", { name: "index.json could not be read" })).toBeVisible();
  });
});
