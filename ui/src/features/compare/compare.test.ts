import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { ComparedLayer, Comparison } from "../../ipc/bindings";
import { fault } from "../../ipc/fake";
import { renderWindow } from "../../test/render";
import { bandPath, bands, byGroup, compareCommand, fieldCount, stacks, verdict } from "./compare";

const layer = (digest: string, size: number, numberA: number | null, numberB: number | null): ComparedLayer => ({
  digest, size, instruction: `RUN ${digest}`, side: numberA === null ? "b" : numberB === null ? "a" : "both", numberA, numberB,
});
const layers = [layer("base", 700, 1, 1), layer("a", 100, 2, null), layer("b", 300, null, 2)];

describe("two stacks", () => {
  it("stand newest on top, and are drawn to one scale", () => {
    const { a, b } = stacks(layers, 1012);
    expect(a.slabs.map(({ number }) => number)).toEqual([2, 1]);
    const height = (slabs: typeof a.slabs, number: number) => slabs.find((slab) => slab.number === number)?.height ?? 0;
    expect(height(a.slabs, 1)).toBe(height(b.slabs, 1));
    // 1000 bytes fill what the least heights and gaps leave: one pixel a byte.
    expect([height(a.slabs, 1), height(a.slabs, 2), height(b.slabs, 2)]).toEqual([704, 104, 304]);
    expect(b.height).toBe(1010);
  });
  it("are joined where a layer is in both", () => {
    const joined = bands(stacks(layers, 1012));
    expect(joined.map(({ digest }) => digest)).toEqual(["base"]);
    expect(joined[0]?.a.top).not.toBe(joined[0]?.b.top);
  });
  it("keep a layer of no bytes to be pointed at", () => expect(stacks([layer("none", 0, 1, 1)], 300).a.slabs[0]?.height).toBe(4));
  it("draw a band between two slabs", () => expect(bandPath({ top: 0, height: 10 }, { top: 4, height: 10 }, 72)).toBe("M0 0C36 0 36 4 72 4V14C36 14 36 10 0 10Z"));
});

describe("in words", () => {
  const image = { title: "", reference: "", from: "registry" as const, platform: "linux/amd64", digest: "", size: 800, layers: 2, created: null };
  const comparison: Comparison = { a: image, b: { ...image, size: 1000 }, same: false, layers, sharedBytes: 700, onlyABytes: 100, onlyBBytes: 300, config: [], platforms: [] };
  it("says what is shared and what is not", () => {
    expect(verdict(comparison)).toBe("700 B of layers are shared, 100 B only in the first, 300 B only in the second. The second is 200 B larger.");
    expect(verdict({ ...comparison, same: true })).toBe("The same manifest: every byte is equal.");
    expect(verdict({ ...comparison, onlyABytes: 0, onlyBBytes: 0 })).toBe("Every layer is shared; only the config differs.");
    expect(verdict({ ...comparison, sharedBytes: 0 })).toBe("They share no layer.");
  });
  it("counts and groups fields", () => {
    const fields = [{ group: "Runs", name: "User", a: "x", b: "y" }, { group: "Environment", name: "P", a: "1", b: "1" }, { group: "Runs", name: "Cmd", a: null, b: "z" }];
    expect(fieldCount(fields)).toBe("2 of 3 fields differ");
    expect(fieldCount(fields.slice(1, 2))).toBe("Its one field is equal");
    expect(byGroup(fields).map(({ group, fields: some }) => [group, some.length])).toEqual([["Runs", 2], ["Environment", 1]]);
  });
  it("says where each side is looked up in the command", () => {
    expect(compareCommand({ input: "web:1", from: "store", platform: "linux/arm64" }, { input: "web:2", from: "registry", platform: "linux/arm64" })).toBe("longshore diff --platform linux/arm64 store:web:1 docker://web:2");
  });
});

const side = (tag: string) => ({ input: `127.0.0.1:5055/${tag}`, from: "registry" as const, platform: null });

describe("the page", () => {
  it("shows both images, their layers and only what differs", async () => {
    const { app, container } = await renderWindow();
    const user = userEvent.setup();
    app.compare(side("web:2.0"), side("web:2.1"));
    expect(await screen.findByRole("list", { name: /Layers of the first image/ })).toBeInTheDocument();
    expect(within(screen.getByRole("list", { name: /Layers of the second/ })).getAllByRole("listitem")).toHaveLength(3);
    expect(screen.getAllByText(/in both/)).toHaveLength(4);
    const table = screen.getByRole("table", { name: "Config of both images" });
    expect(within(table).getByRole("rowheader", { name: "APP_VERSION" })).toBeInTheDocument();
    expect(within(table).queryByRole("rowheader", { name: "User" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Every field" }));
    expect(within(table).getByRole("rowheader", { name: "User" })).toBeInTheDocument();
    await waitFor(() => expect(container.querySelector(".strip")).toHaveTextContent("longshore diff docker://127.0.0.1:5055/web:2.0 docker://127.0.0.1:5055/web:2.1"));
    expect(app.announcement).toMatch(/of layers are shared/);
  });

  it("swaps the sides, in place", async () => {
    const { app } = await renderWindow();
    const user = userEvent.setup();
    app.compare(side("web:2.0"), side("web:2.1"));
    await screen.findByRole("list", { name: /Layers of the first image/ });
    await user.click(screen.getByRole("button", { name: "Swap" }));
    expect(app.navigation.page).toMatchObject({ kind: "compare", a: { input: "127.0.0.1:5055/web:2.1" }, b: { input: "127.0.0.1:5055/web:2.0" } });
    app.back();
    expect(app.navigation.page.kind).toBe("home");
  });

  it("lets the other side be picked from what is known, by keyboard", async () => {
    const { app } = await renderWindow({ local: ["web:2.0"] });
    const user = userEvent.setup();
    app.compare(side("web:2.1"), null);
    const field = await screen.findByRole("combobox", { name: "Second: reference" });
    await user.click(field);
    await user.keyboard("web:2.0{ArrowDown}{Enter}");
    await waitFor(() => expect(app.navigation.page).toMatchObject({ b: { input: "127.0.0.1:5055/web:2.0", from: "store" } }));
    expect(await screen.findByRole("list", { name: /Layers of the second/ })).toBeInTheDocument();
  });

  it("offers what is here against what the registry has", async () => {
    const { app } = await renderWindow({ local: ["web:2.0"] });
    const user = userEvent.setup();
    app.compare(side("web:2.0"), null);
    await user.click(await screen.findByRole("button", { name: "Here and in the registry" }));
    expect(app.navigation.page).toMatchObject({ a: { from: "store" }, b: { from: "registry" } });
    expect(await screen.findByText("The same image.")).toBeInTheDocument();
  });

  it("says a failure, and which two it was about", async () => {
    const { app, host } = await renderWindow({ failing: { compare_images: fault("unreachable", "`ghcr.io` does not answer") } });
    const user = userEvent.setup();
    app.compare(side("web:2.0"), side("web:2.1"));
    await user.click(await screen.findByRole("button", { name: "Try again" }));
    expect(host.calls.filter(({ name }) => name === "compare_images")).toHaveLength(2);
  });
});
