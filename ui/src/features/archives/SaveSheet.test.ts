import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import type { ExportRequest, SaveRequest, SaveSource } from "../../ipc/bindings";
import { fault, type FakeOptions } from "../../ipc/fake";
import { renderWindow } from "../../test/render";

const HOST = "127.0.0.1:5055";
const WEB: SaveSource = { input: `${HOST}/web:2.0`, from: "store", platform: null };
const OTHER: SaveSource = { ...WEB, input: `${HOST}/web:2.1` };
const MULTI: SaveSource = { ...WEB, input: `${HOST}/multi:1.0` };

async function sheet(sources: SaveSource[], options: FakeOptions = {}, compare = false) {
  const drawn = await renderWindow({ local: ["web:2.0", "web:2.1", "multi:1.0"], ...options });
  void drawn.app.dialogs.ask({ kind: "save", sources, compare });
  const dialog = await screen.findByRole("dialog");
  const requests = <R>(name: "start_save" | "start_export") => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => (args as { request: R }).request);
  return { ...drawn, dialog, requests, user: userEvent.setup() };
}
const line = (dialog: HTMLElement) => dialog.querySelector(".line .trunc")?.textContent;

describe("the save sheet", () => {
  it("draws what each of the two archives would hold, to scale", async () => {
    const { dialog } = await sheet([WEB]);
    const save = await within(dialog).findByRole("radio", { name: "Save the image" });
    expect(save).toBeChecked();
    expect(save).toHaveAccessibleDescription(/All 3 layers, with their digests.*Comes back with Load/);
    expect([...dialog.querySelectorAll<HTMLElement>(".art .slab")].map(({ style }) => parseInt(style.width))).toEqual([125, 228, 40]);
    expect(within(dialog).getByRole("radio", { name: "Export the files" })).toHaveAccessibleDescription(/One merged file tree.*No layers, tags or settings.*as one layer/);
  });

  it("says whether the digest survives, and why; what it weighs, and the line that does it", async () => {
    const { dialog, user } = await sheet([WEB]);
    expect(await within(dialog).findByText("Preserved")).toBeVisible();
    expect(within(dialog).getByText(/because the manifest and the compressed layers are written as they are/)).toBeVisible();
    expect(within(dialog).getByText("about 8.8 MB, layers stay as they are")).toBeVisible();
    expect(line(dialog)).toBe(`docker save -o web-2.0.tar ${HOST}/web:2.0`);
    await user.click(within(dialog).getByRole("button", { name: "zstd" }));
    expect(line(dialog)).toBe(`docker save ${HOST}/web:2.0 | zstd > web-2.0.tar.zst`);
    await user.click(within(dialog).getByRole("button", { name: "OCI folder" }));
    expect(within(dialog).queryByRole("group", { name: "Compress" })).toBeNull();
    expect(line(dialog)).toMatch(/^longshore save .* -o web-2\.0 --format /);
  });

  it("saves as it was chosen, and shows the transfer", async () => {
    const { app, dialog, requests, user } = await sheet([WEB]);
    await user.click(await within(dialog).findByRole("button", { name: "gzip" }));
    await user.click(within(dialog).getByRole("button", { name: "OCI archive" }));
    await user.click(within(dialog).getByRole("button", { name: "Save…" }));
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(requests<SaveRequest>("start_save")).toEqual([{ images: [WEB], format: "oci", compression: "gzip" }]);
    await userEvent.setup().click(await screen.findByRole("button", { name: "Show in its folder" }));
  });

  it("stays where no file was chosen", async () => {
    const { app, dialog, user } = await sheet([WEB], { saveCancelled: true });
    await user.click(await within(dialog).findByRole("button", { name: "Save…" }));
    await waitFor(() => expect(within(dialog).getByRole("button", { name: "Save…" })).toBeEnabled());
    expect(app.navigation.page.kind).toBe("home");
    expect(screen.getByRole("dialog")).toBe(dialog);
  });

  it("exports by keyboard alone", async () => {
    const { dialog, requests, user } = await sheet([WEB]);
    const save = await within(dialog).findByRole("radio", { name: "Save the image" });
    save.focus();
    await user.keyboard("{ArrowRight}");
    expect(within(dialog).getByRole("radio", { name: "Export the files" })).toHaveFocus();
    expect(within(dialog).getByText("Not preserved")).toBeVisible();
    expect(line(dialog)).toBe(`docker export $(docker create ${HOST}/web:2.0) > web-2.0.tar`);
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(requests<ExportRequest>("start_export")).toEqual([{ image: WEB, compression: "none" }]));
  });

  it("saves all platforms of an image, or one", async () => {
    const { dialog, requests, user } = await sheet([MULTI]);
    const select = await within(dialog).findByRole("combobox", { name: "Platform" });
    expect(within(select).getAllByRole("option").map((each) => each.textContent)).toEqual(["All 3", "linux/amd64", "linux/arm64", "linux/arm/v7"]);
    await user.selectOptions(select, "linux/arm64");
    await waitFor(() => expect(within(dialog).getByRole("button", { name: "Save…" })).toBeEnabled());
    expect(within(select).getAllByRole("option")).toHaveLength(4);
    await user.click(within(dialog).getByRole("button", { name: "Save…" }));
    await waitFor(() => expect(requests<SaveRequest>("start_save")[0]?.images).toEqual([{ ...MULTI, platform: "linux/arm64" }]));
  });

  it("puts several images into one archive, and counts a shared layer once", async () => {
    const { dialog, requests, user } = await sheet([WEB, OTHER]);
    expect(within(dialog).getByRole("heading", { name: "Save 2 images to a file" })).toBeVisible();
    const other = await within(dialog).findByRole("radio", { name: "Export the files" });
    await user.click(other);
    expect(other).not.toBeChecked();
    expect(within(dialog).getByText("One image at a time.")).toBeVisible();
    expect(within(dialog).getByText("about 9.7 MB, layers stay as they are")).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Save…" }));
    await waitFor(() => expect(requests<SaveRequest>("start_save")[0]?.images).toEqual([WEB, OTHER]));
  });

  it("shows a fault in place, and asks again", async () => {
    const { dialog, host, user } = await sheet([{ ...WEB, input: `${HOST}/gone:1` }]);
    expect(await within(dialog).findByText(/^Nothing was saved/)).toBeVisible();
    expect(within(dialog).getByRole("button", { name: "Save…" })).toHaveAttribute("title", "The image could not be read");
    const asked = host.calls.filter(({ name }) => name === "plan_save").length;
    await user.click(within(dialog).getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "plan_save")).toHaveLength(asked + 1));
  });

  it("says why a save could not start", async () => {
    const { dialog, user } = await sheet([WEB], { failing: { start_save: fault("store_read_only", "The folder can't be written", { hint: "Choose another" }) } });
    await user.click(await within(dialog).findByRole("button", { name: "Save…" }));
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("The folder can't be written. Choose another");
  });

  it("waits with bars while the image is read", async () => {
    const drawn = await renderWindow({ local: ["web:2.0"] });
    const call = drawn.host.call.bind(drawn.host);
    vi.spyOn(drawn.host, "call").mockImplementation((name, args) => (name === "plan_save" ? new Promise(() => undefined) : call(name, args)));
    void drawn.app.dialogs.ask({ kind: "save", sources: [WEB] });
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("status", { name: `Reading ${HOST}/web:2.0` })).toBeInTheDocument();
    expect(within(dialog).getByRole("button", { name: "Save…" })).toBeDisabled();
  });
});

describe("save beside export", () => {
  it("lists what each has inside, and what each loses", async () => {
    const { dialog, user } = await sheet([WEB]);
    const button = await within(dialog).findByRole("button", { name: "Compare the two archives" });
    await user.click(button);
    const saved = within(dialog).getByRole("region", { name: "Entries of the saved archive" });
    expect(within(saved).getAllByRole("listitem").map((each) => each.textContent.trim())).toEqual([
      "oci-layoutsays that it is one30 B", "index.jsonnames and tags402 B", expect.stringContaining("layer 1"), expect.stringContaining("layer 2"), expect.stringContaining("layer 3"), "manifest.jsonfor docker load512 B",
    ]);
    expect(within(within(dialog).getByRole("region", { name: "Entries of the exported filesystem" })).getByText("etc/")).toBeVisible();
    expect(within(dialog).getByText("Nothing: it is what a registry would hold")).toBeVisible();
    for (const lost of [/^3 layers, with their digests: other/, /^The tag/, /Env: 4 variables/, /What earlier layers had/]) expect(within(dialog).getByText(lost)).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Hide the comparison" }));
    expect(within(dialog).queryByRole("region", { name: "Entries of the saved archive" })).toBeNull();
  });

  it("opens from the menu of an image on its page", async () => {
    const { app } = await renderWindow({ local: ["web:2.0"] });
    app.inspect(`${HOST}/web:2.0`, { from: "store" });
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: "More about this image" }));
    await user.click(screen.getByRole("menuitem", { name: "Save and export side by side…" }));
    await within(await screen.findByRole("dialog")).findByRole("region", { name: "Entries of the saved archive" });
  });
});

it("the images page saves what is chosen, and the image page what is open", async () => {
  const { app } = await renderWindow({ local: ["web:2.0", "web:2.1"] });
  const user = userEvent.setup();
  app.go({ kind: "images" });
  (await screen.findByRole("grid")).focus();
  await user.keyboard("{Control>}a{/Control}{Control>}s{/Control}");
  expect(await screen.findByRole("heading", { name: "Save 2 images to a file" })).toBeVisible();
  app.dialogs.close();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  app.inspect(`${HOST}/web:2.0`, { from: "store" });
  await user.click(await screen.findByRole("button", { name: "Save…" }));
  expect(await screen.findByRole("dialog", { name: `Save ${HOST}/web:2.0 to a file` })).toBeVisible();
});

it.each([
  ["one image", [WEB], false],
  ["the comparison", [WEB], true],
  ["several platforms", [MULTI], false],
  ["several images", [WEB, OTHER], false],
])("axe finds nothing in %s", async (_, sources, compare) => {
  const { dialog } = await sheet(sources, {}, compare);
  await within(dialog).findByRole("group", { name: "Format" });
  const { violations } = await axe.run(dialog, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`)).toEqual([]);
});
