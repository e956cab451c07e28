import { configure, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { describe, expect, test, vi } from "vitest";
import type { ImageTab, Page } from "../state/navigation.svelte";
import { renderWindow } from "../test/render";

// axe looks at a whole window, on a machine that builds meanwhile.
vi.setConfig({ testTimeout: 90_000 });
configure({ asyncUtilTimeout: 10_000 });

const image = (tab: ImageTab): Page => ({ kind: "image", input: "127.0.0.1:5055/multi:1.0", from: "auto", platform: null, tab });

describe("axe finds nothing", () => {
  test.each<[name: string, page: Page, ready: () => HTMLElement]>([
    ["on the images", { kind: "images" }, () => screen.getByRole("grid")],
    ["on an image's overview", image("overview"), () => screen.getByRole("radiogroup")],
    ["on an image's layers", image("layers"), () => screen.getByRole("listbox", { name: /Layers/ })],
    ["on an image's files", image("files"), () => screen.getByRole("row", { name: /^usr/ })],
    ["on the files of an archive", { kind: "files", of: { kind: "file", file: 1 }, title: "rootfs.tar" }, () => screen.getByRole("row", { name: /^usr/ })],
    ["on an image's manifest", image("manifest"), () => screen.getByRole("group", { name: "Text of the document" })],
    ["on an image's referrers", image("referrers"), () => screen.getByRole("heading", { name: "Signatures" })],
    ["on a repository", { kind: "repository", input: "nginx" }, () => screen.getByRole("row", { name: /^1\.25-alpine,.*yours is older/ })],
    ["on an empty repository", { kind: "repository", input: "localhost:5000/base" }, () => screen.getByText(/No tags in/)],
    ["on a repository that is not there", { kind: "repository", input: "ghcr.io/owner/none" }, () => screen.getByRole("alert")],
    ["on a comparison", { kind: "compare", a: { input: "127.0.0.1:5055/hello:1.0", from: "auto", platform: null }, b: { input: "127.0.0.1:5055/hello:1.1", from: "auto", platform: null } }, () => screen.getByRole("table", { name: /Config/ })],
    ["on a comparison to be picked", { kind: "compare", a: null, b: null }, () => screen.getByText("Pick two images")],
    ["on no transfers", { kind: "transfers", job: null }, () => screen.getByText("Nothing is moving")],
  ])("%s, with Wire open", async (_, page, ready) => {
    const { app, container } = await renderWindow({ local: ["hello:1.0", "multi:1.0"] });
    app.openWire(null);
    app.go(page);
    await waitFor(ready);
    await tick();
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
  });

  test("on chosen tags, their menu, and what deleting them takes along", async () => {
    const { app } = await renderWindow();
    const user = userEvent.setup();
    const found = async () => {
      const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    };
    app.openRepository("localhost:5000/team/app");
    await screen.findByRole("row", { name: /^latest, [0-9a-f]/ });
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown} {Shift>}{F10}{/Shift}");
    await screen.findByRole("menu");
    expect(await found()).toEqual([]);
    await user.keyboard("{Escape}{Delete}");
    await screen.findByRole("list", { name: "What goes" });
    expect(await found()).toEqual([]);
  });

  test("on files that are being listed", async () => {
    const { app, container } = await renderWindow({ files: { takes: Infinity } });
    app.go(image("files"));
    await screen.findByRole("progressbar", { name: "All layers" });
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
  });

  test("on a file, its filters, the waste, and the map of sizes", async () => {
    const { app, container } = await renderWindow();
    const user = userEvent.setup();
    const found = async () => {
      const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    };
    app.go(image("files"));
    await user.click(await screen.findByRole("option", { name: /RUN npm ci/ }));
    await user.click(await screen.findByRole("row", { name: /^app,/ }));
    await user.keyboard("{ArrowRight}");
    await user.click(await screen.findByRole("row", { name: /^package.json,/ }));
    await screen.findByRole("list", { name: /What each layer did/ });
    await user.type(screen.getByRole("textbox", { name: "Find files" }), "json");
    await screen.findByText(/^\d+ of/);
    await user.click(screen.getByRole("button", { name: /wasted/ }));
    expect(await found()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Sizes of layers" }));
    await user.click(screen.getByRole("button", { name: "Filters" }));
    expect(await found()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Show a map of sizes" }));
    await screen.findByRole("listbox", { name: /Sizes/ });
    expect(await found()).toEqual([]);
  });

  test("on the tree of a registry", async () => {
    const { container } = await renderWindow({ settings: { pinned: ["localhost:5000/team/app"] } });
    const user = userEvent.setup();
    await user.click(within(await screen.findByRole("tree", { name: /localhost/ })).getByRole("treeitem", { name: "All repositories" }));
    await user.click(await screen.findByRole("treeitem", { name: "load/" }));
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
  });

  test("on a transfer, running and done", async () => {
    const { app, container } = await renderWindow();
    const found = async () => {
      const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    };
    app.openWire(null);
    await app.pull("127.0.0.1:5055/web:2.0");
    await screen.findByRole("list", { name: "Layers" });
    expect(await found()).toEqual([]);
    await screen.findByRole("button", { name: "Open image" });
    expect(await found()).toEqual([]);
  });
});
