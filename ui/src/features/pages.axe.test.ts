import { screen, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { tick } from "svelte";
import { describe, expect, test } from "vitest";
import type { ImageTab, Page } from "../state/navigation.svelte";
import { renderWindow } from "../test/render";

const image = (tab: ImageTab): Page => ({ kind: "image", input: "127.0.0.1:5055/multi:1.0", from: "auto", platform: null, tab });

describe("axe finds nothing", () => {
  test.each<[name: string, page: Page, ready: () => HTMLElement]>([
    ["on the images", { kind: "images" }, () => screen.getByRole("grid")],
    ["on an image's overview", image("overview"), () => screen.getByRole("radiogroup")],
    ["on an image's layers", image("layers"), () => screen.getByRole("listbox", { name: /Layers/ })],
    ["on an image's manifest", image("manifest"), () => screen.getByRole("group", { name: "Text of the document" })],
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
