import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import type { ImportRequest, LoadRequest } from "../../ipc/bindings";
import { fault, type FakeOptions } from "../../ipc/fake";
import { givenFile } from "../../ipc/fake/archive";
import { renderWindow } from "../../test/render";

/** Drops files on the window, and waits until the first is read. */
async function dropped(names: string[], options: FakeOptions = {}) {
  const drawn = await renderWindow(options);
  await waitFor(() => expect(drawn.app.images.state).toBe("ready"));
  drawn.host.given({ kind: "given", files: names.map((name, index) => givenFile(index + 1, name)) });
  const dialog = () => screen.getByRole("dialog");
  await waitFor(() => expect(dialog()).toBeVisible());
  const requests = <R>(name: "start_load" | "start_import") => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => (args as { request: R }).request);
  return { ...drawn, dialog, requests, user: userEvent.setup() };
}
const rows = (dialog: HTMLElement) => within(within(dialog).getByRole("group", { name: "Images of the archive" })).getAllByRole("listitem");
const boxes = (dialog: HTMLElement) => within(dialog).getAllByRole("checkbox", { name: /^Load / }).map((box) => box.getAttribute("aria-checked"));
const violations = async (node: HTMLElement) => (await axe.run(node, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);

describe("files over the window", () => {
  it("names what is dragged, and goes when it leaves", async () => {
    const { host } = await renderWindow();
    host.given({ kind: "over", names: ["release-images.tar.zst"] });
    const overlay = await screen.findByRole("status", { name: "Drop to look inside: release-images.tar.zst" });
    expect(overlay.querySelector("text")?.textContent).toBe("release-images.tar.zst");
    expect(within(overlay).getByText("Nothing is loaded until you have seen what it holds.")).toBeVisible();
    host.given({ kind: "left" });
    await waitFor(() => expect(screen.queryByText("Drop to look inside")).toBeNull());
  });
  it("paints both ends of a long name, and counts several", async () => {
    const { host } = await renderWindow();
    host.given({ kind: "over", names: ["a-name-that-is-far-too-long-for-a-container.tar.gz"] });
    await screen.findByText("a-name-tha…ainer.tar.gz");
    host.given({ kind: "over", names: ["a.tar", "b.tar", "c.tar"] });
    await screen.findByText("3 files");
    expect(screen.getByText("Nothing is loaded until you have seen what they hold.")).toBeVisible();
  });
  it("shows what would act on the screen as text", async () => {
    const { host } = await renderWindow();
    host.given({ kind: "over", names: ["gpj.\u202etar\u001b[31m"] });
    await screen.findByText("gpj.\\u202etar\\u001b[31m");
  });
});

describe("the import sheet", () => {
  it("says while it reads that nothing is taken", async () => {
    const drawn = await renderWindow();
    const call = drawn.host.call.bind(drawn.host);
    vi.spyOn(drawn.host, "call").mockImplementation((name, args) => (name === "identify_file" ? new Promise(() => undefined) : call(name, args)));
    drawn.host.given({ kind: "given", files: [givenFile(1, "huge.tar", { size: 10_400_000_000 })] });
    const dialog = await screen.findByRole("dialog", { name: "Open huge.tar" });
    expect(within(dialog).getByRole("status", { name: "Reading huge.tar" })).toBeInTheDocument();
    expect(within(dialog).getByText("10.4 GB in ~/Downloads")).toBeVisible();
    await userEvent.setup().click(within(dialog).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  const EVIL = "<img src=x onerror=alert(1)>";
  const ACTING = "a\u202eb\u001b[31m\u200b";
  it.each([["f117_markup in an archive is text", EVIL, EVIL], ["f118_what would act on the screen is written out", ACTING, "a\\u202eb\\u001b[31m\\u200b"]])("%s", async (_name, text, seen) => {
    const drawn = await renderWindow();
    const call = drawn.host.call.bind(drawn.host);
    vi.spyOn(drawn.host, "call").mockImplementation((async (name: string, args: { file: number }) => {
      const view = await call(name as "identify_file", args);
      if (name !== "identify_file") return view;
      const images = view.images.map((image) => ({ ...image, names: [...image.names.map((each) => ({ ...each, name: text, breakdown: null, state: "invalid" as const }))], platforms: [text], missing: [text] }));
      const evidence = view.evidence.map((card) => ({ ...card, names: [text] }));
      return { ...view, title: text, images, evidence, problems: [text], advice: text, command: `docker load -i ${text}` };
    }) as typeof drawn.host.call);
    drawn.host.given({ kind: "given", files: [givenFile(1, `${text}.tar`)] });
    const dialog = await screen.findByRole("dialog");
    await within(dialog).findByRole("group", { name: "Images of the archive" });
    expect(dialog.querySelector("img")).toBeNull();
    expect(within(dialog).getAllByText(seen, { exact: false }).length).toBeGreaterThan(4);
    // Wherever it is: in titles and labels too.
    const all = [dialog.textContent, ...[...dialog.querySelectorAll("*")].flatMap((node) => [...node.attributes].map(({ value }) => value))].join("\n");
    expect(["\u202e", "\u001b", "\u200b"].filter((acting) => all.includes(acting))).toEqual([]);
  });

  it("states the kind and the evidence, images, tags that would move and bytes that are new", async () => {
    const { dialog } = await dropped(["release-images.tar.zst"]);
    const kinds = await within(dialog()).findByRole("list", { name: "Kind of archive" });
    expect(within(kinds).getAllByRole("listitem").map((each) => each.textContent.replace(/\s+/g, " ").trim())).toEqual([
      "OCI archive Has oci-layout and index.json", "Docker archive Has manifest.json", "Root filesystem Would start at bin, etc, usr",
    ]);
    expect(within(dialog()).getByText("148 MB compressed with zstd, 412 MB inside, read in 900 ms")).toBeVisible();
    expect(within(dialog()).getByText("3 images, 4 tags")).toBeVisible();
    expect(rows(dialog()).map((row) => row.getAttribute("aria-label"))).toEqual([
      "ghcr.io/myteam/myapp:v2, new tag, 29.4 MB new",
      "ghcr.io/myteam/worker:v4, moves :stable from 04e1c3aa to this image, 9.0 MB new",
      "postgres:16, same tag here points to another image, 85.0 MB new",
    ]);
    expect(within(dialog()).getByText("Every digest was checked while reading")).toBeVisible();
    expect(within(dialog()).getByText("longshore load -i release-images.tar.zst ghcr.io/myteam/myapp:v2 ghcr.io/myteam/worker:v4")).toBeVisible();
  });

  it("does not choose an image of which every name moves, and asks before any does", async () => {
    const { app, dialog, requests, user } = await dropped(["release-images.tar.zst"]);
    const go = await within(dialog()).findByRole("button", { name: "Load 2 images" });
    expect(boxes(dialog())).toEqual(["true", "true", "false"]);
    expect(go).toBeDisabled();
    expect(go).toHaveAttribute("title", "Confirm the move first");
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(requests("start_load")).toEqual([]);
    await user.click(within(dialog()).getByRole("checkbox", { name: "Move ghcr.io/myteam/worker:stable from 04e1c3aa to this image" }));
    await user.click(go);
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(requests<LoadRequest>("start_load")).toEqual([
      { file: 1, images: [{ index: 0, names: ["ghcr.io/myteam/myapp:v2"] }, { index: 1, names: ["ghcr.io/myteam/worker:v4", "ghcr.io/myteam/worker:stable"] }], replace: true, destination: null },
    ]);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(await screen.findByRole("heading", { level: 1, name: /^Loaded release-images.tar.zst/ })).toBeVisible();
    expect(screen.getByRole("button", { name: "Show images" })).toBeVisible();
  });

  it("has an agreement for one choice alone", async () => {
    const { dialog, user } = await dropped(["release-images.tar.zst"]);
    await user.click(await within(dialog()).findByRole("checkbox", { name: /^Move ghcr/ }));
    await user.click(within(dialog()).getByRole("checkbox", { name: "Load postgres:16" }));
    expect(within(dialog()).getByRole("checkbox", { name: "Move 2 names from the images that they stand for here" })).not.toBeChecked();
    expect(within(dialog()).getByText("moves :16 from 04e1c3aa to this image")).toBeVisible();
    await user.click(within(dialog()).getByRole("checkbox", { name: "Load ghcr.io/myteam/worker:v4" }));
    await user.click(within(dialog()).getByRole("checkbox", { name: "Load postgres:16" }));
    expect(within(dialog()).queryByRole("checkbox", { name: /^Move/ })).toBeNull();
    expect(within(dialog()).getByRole("button", { name: "Load 1 image" })).toBeEnabled();
  });

  it("chooses all and none with the box at the top, and none can't be loaded", async () => {
    const { dialog, user } = await dropped(["release-images.tar.zst"]);
    const all = await within(dialog()).findByRole("checkbox", { name: "Choose all images" });
    expect(all).toHaveAttribute("aria-checked", "mixed");
    await user.click(all);
    expect(boxes(dialog())).toEqual(["true", "true", "true"]);
    await user.click(all);
    expect(within(dialog()).getByRole("button", { name: "Load" })).toHaveAttribute("title", "Choose an image first");
  });

  it("names what is missing, what is no name, and what has none", async () => {
    const { dialog, requests, user } = await dropped(["odd.tar"]);
    await within(dialog()).findByText("manifest.json names a layer twice".slice(14), { exact: false });
    const [, , , invalid, cut, nameless] = rows(dialog());
    expect(invalid).toHaveAccessibleName(/no reference: known by its digest alone/);
    expect(cut).toHaveAccessibleName(/The archive does not have one of its parts: blobs\/sha256\/9f2c…/);
    expect(within(dialog()).getByRole("checkbox", { name: "Load ghcr.io/myteam/cut:1" })).toBeDisabled();
    expect(nameless).toHaveAccessibleName(/no name: known by its digest alone/);
    for (const name of ["Load ghcr.io/myteam/worker:v4", "Load ghcr.io/myteam/myapp:v2"]) await user.click(within(dialog()).getByRole("checkbox", { name }));
    await user.click(within(dialog()).getByRole("button", { name: "Load 2 images" }));
    await waitFor(() => expect(requests<LoadRequest>("start_load")[0]?.images).toEqual([{ index: 3, names: [] }, { index: 5, names: [] }]));
  });

  it("pushes one image straight to a registry, under a name that is taken apart", async () => {
    const { dialog, requests, user } = await dropped(["single.tar"]);
    await user.click(await within(dialog()).findByRole("button", { name: "Push straight to a registry…" }));
    const field = within(dialog()).getByRole("combobox", { name: "Destination" });
    expect(field).toHaveValue("ghcr.io/myteam/myapp:v2");
    expect(field).toHaveFocus();
    // What is known is offered, as for a push: the practice registry among it.
    await user.keyboard("{ArrowDown}");
    const offered = within(dialog()).getByRole("listbox", { name: "Destinations that are known" });
    expect(within(offered).getAllByRole("option").map((each) => each.textContent.trim().replace(/\s+/g, " "))).toContain("127.0.0.1:5055/myapp:v2 Practice registry, no account needed");
    await user.click(within(offered).getByRole("option", { name: /127\.0\.0\.1:5055/ }));
    expect(field).toHaveValue("127.0.0.1:5055/myapp:v2");
    expect(within(dialog()).queryByRole("listbox")).toBeNull();
    await user.clear(field);
    expect(within(dialog()).getByRole("button", { name: "Push" })).toHaveAttribute("title", "Say where it goes first");
    await user.type(field, "localhost:5000/myapp:v2");
    expect(await within(dialog()).findByRole("button", { name: "localhost:5000, Registry, you typed" })).toBeVisible();
    expect(within(dialog()).getByText("longshore load -i single.tar --to localhost:5000/myapp:v2")).toBeVisible();
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(requests<LoadRequest>("start_load")).toEqual([{ file: 1, images: [{ index: 0, names: ["ghcr.io/myteam/myapp:v2"] }], replace: false, destination: "localhost:5000/myapp:v2" }]));
  });
  it("sends one image at a time, and can go back", async () => {
    const { dialog, user } = await dropped(["release-images.tar.zst"]);
    await user.click(await within(dialog()).findByRole("button", { name: "Push straight to a registry…" }));
    expect(within(dialog()).getByRole("button", { name: "Push" })).toHaveAttribute("title", "One image at a time goes to a registry: choose one");
    expect(within(dialog()).queryByRole("checkbox", { name: /^Move/ })).toBeNull();
    await user.click(within(dialog()).getByRole("button", { name: "Onto this computer instead" }));
    expect(within(dialog()).getByRole("checkbox", { name: /^Move/ })).toBeVisible();
  });

  it.each([
    ["single.tar", "Just look inside", { kind: "archive", file: 1, image: 0, platform: null }],
    ["release-images.tar.zst", "Just look at ghcr.io/myteam/myapp:v2", { kind: "archive", file: 1, image: 0, platform: null }],
    ["container-fs.tar", "Just look inside", { kind: "file", file: 1 }],
  ])("just looks into %s", async (name, button, of) => {
    const { app, dialog, requests, user } = await dropped([name]);
    await user.click(await within(dialog()).findByRole("button", { name: button }));
    expect(app.navigation.page).toEqual({ kind: "files", of, title: name });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect([...requests("start_load"), ...requests("start_import")]).toEqual([]);
  });

  it("shows a fault in place, and reads again", async () => {
    const { dialog } = await dropped(["broken.tar"]);
    expect(await within(dialog()).findByText("Could not be opened")).toBeVisible();
    expect(within(dialog()).getByRole("alert")).toHaveTextContent("broken.tar ends in the middle of manifest.json");
    expect(within(dialog()).queryByRole("button", { name: /^Load/ })).toBeNull();
  });

  it("says why a load could not start, and stays", async () => {
    const { dialog, user } = await dropped(["single.tar"], { failing: { start_load: fault("store_full", "The disk is full", { hint: "Free space" }) } });
    await user.click(await within(dialog()).findByRole("button", { name: "Load 1 image" }));
    expect(await within(dialog()).findByText("The disk is full. Free space")).toBeVisible();
    expect(within(dialog()).getByRole("button", { name: "Load 1 image" })).toBeEnabled();
  });

  it.each([
    ["photo.jpg", "JPEG picture", "It is no archive of images, and no tar.", false],
    ["chart.tgz", "Helm chart", "A chart says how to run images. It holds none.", false],
    ["layer.tar", "One layer of an image", "A layer is files without the config that makes an image of them.", true],
  ])("says what %s is, and why it is no image", async (name, title, why, importable) => {
    const { dialog, user } = await dropped([name]);
    expect(await within(dialog()).findByRole("heading", { name: title })).toBeVisible();
    expect(within(dialog()).getByText(why)).toBeVisible();
    const button = within(dialog()).queryByRole("button", { name: "Import it as an image…" });
    expect(button !== null).toBe(importable);
    if (button === null) return;
    await user.click(button);
    expect(within(dialog()).getByRole("textbox", { name: "Import as" })).toHaveFocus();
  });
});

describe("importing a root filesystem", () => {
  it("asks for what files do not say: a name, a platform, a command", async () => {
    const { app, dialog, requests, user } = await dropped(["container-fs.tar"]);
    const field = await within(dialog()).findByRole("textbox", { name: "Import as" });
    await waitFor(() => expect(field).toHaveFocus());
    expect(field).toHaveValue("container-fs:imported");
    expect(within(dialog()).getByText("read from bin/busybox")).toBeVisible();
    await user.clear(field);
    await user.type(field, "myimage:imported");
    await user.type(within(dialog()).getByRole("textbox", { name: "Message" }), "From a container");
    expect(within(dialog()).getByText(`docker import --change 'CMD ["/bin/sh"]' --message 'From a container' container-fs.tar myimage:imported`)).toBeVisible();
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(requests<ImportRequest>("start_import")).toEqual([
      { file: 1, name: "myimage:imported", platform: "linux/arm64", changes: ['CMD ["/bin/sh"]'], message: "From a container", replace: false },
    ]));
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(await screen.findByRole("button", { name: "Open image" })).toBeVisible();
  });

  it("takes the settings of a Dockerfile, and says which line is wrong", async () => {
    const { dialog, requests, user } = await dropped(["container-fs.tar"]);
    await user.click(await within(dialog()).findByText("More settings"));
    const type = async (label: string, text: string) => user.type(within(dialog()).getByRole("textbox", { name: label }), text);
    await type("Entrypoint", "/init -v");
    await type("Environment", "A=1{Enter}B=two words");
    await type("Ports", "80 53/udp");
    await type("Volumes", "data");
    expect(within(dialog()).getByText("does not start with", { exact: false })).toBeVisible();
    expect(within(dialog()).getByRole("button", { name: "Import" })).toHaveAttribute("title", "One of the settings is not right yet");
    await user.clear(within(dialog()).getByRole("textbox", { name: "Volumes" }));
    await type("Volumes", "/data");
    await type("User", "1000");
    await type("Working folder", "/srv");
    await type("Labels", "a.b=c");
    await user.click(within(dialog()).getByRole("button", { name: "Import" }));
    await waitFor(() => expect(requests<ImportRequest>("start_import")[0]?.changes).toEqual([
      'ENTRYPOINT ["/init","-v"]', 'CMD ["/bin/sh"]', "ENV A=1", 'ENV B="two words"', "EXPOSE 80 53/udp", "LABEL a.b=c", "USER 1000", 'VOLUME ["/data"]', "WORKDIR /srv",
    ]));
  });

  it("f107: asks before a name moves to the imported image", async () => {
    const { dialog, requests, user } = await dropped(["container-fs.tar"], { local: ["web:2.0"] });
    const field = await within(dialog()).findByRole("textbox", { name: "Import as" });
    await user.clear(field);
    await user.type(field, "127.0.0.1:5055/web:2.0");
    const agree = await within(dialog()).findByRole("checkbox", { name: /^Move 127.0.0.1:5055\/web:2.0 from \w{8} to the imported image$/ });
    expect(within(dialog()).getByRole("button", { name: "Import" })).toBeDisabled();
    await user.click(agree);
    await user.click(within(dialog()).getByRole("button", { name: "Import" }));
    await waitFor(() => expect(requests<ImportRequest>("start_import")[0]?.replace).toBe(true));
  });

  it("imports under no name that is none", async () => {
    const { dialog, user } = await dropped(["container-fs.tar"]);
    const field = await within(dialog()).findByRole("textbox", { name: "Import as" });
    await user.clear(field);
    await user.type(field, "My Image");
    await waitFor(() => expect(field).toBeInvalid());
    expect(within(dialog()).getByRole("button", { name: "Import" })).toHaveAttribute("title", "This is no name yet");
  });
});

describe("several files", () => {
  it("makes several sheets, in turn", async () => {
    const { app, dialog, user } = await dropped(["single.tar", "container-fs.tar", "photo.jpg"]);
    await within(dialog()).findByRole("button", { name: "Load 1 image" });
    expect(within(dialog()).getByText("1 of 3")).toBeVisible();
    await user.keyboard("{Control>}{Enter}{/Control}");
    await within(await screen.findByRole("dialog", { name: "Import container-fs.tar" })).findByText("2 of 3");
    expect(app.navigation.page.kind).toBe("transfers");
    await user.keyboard("{Escape}");
    await within(await screen.findByRole("dialog", { name: "photo.jpg" })).findByText("3 of 3");
    expect(within(dialog()).queryByRole("button", { name: /^Skip/ })).toBeNull();
    await user.click(within(dialog()).getByText("Close"));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(app.given.of).toBe(0);
  });
  it("lets the rest be left out at once", async () => {
    const { dialog, user } = await dropped(["single.tar", "container-fs.tar", "photo.jpg"]);
    await user.click(within(dialog()).getByRole("button", { name: "Skip all" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
  it("takes more while one is open", async () => {
    const { dialog, host } = await dropped(["single.tar"]);
    await within(dialog()).findByRole("button", { name: "Load 1 image" });
    host.given({ kind: "given", files: [givenFile(9, "late-fs.tar")] });
    await within(dialog()).findByText("1 of 2");
  });
});

describe("by keyboard alone", () => {
  it("opens, chooses, agrees and loads", async () => {
    const { app, host } = await renderWindow();
    const user = userEvent.setup();
    await user.keyboard("{Control>}o{/Control}");
    const dialog = await screen.findByRole("dialog", { name: "Load release-images.tar.zst" });
    expect(host.calls.find(({ name }) => name === "open_files")?.args).toEqual({ folder: false });
    for (let press = 0; press < 40 && document.activeElement !== within(dialog).getByRole("checkbox", { name: /^Move/ }); press += 1) await user.tab();
    await user.keyboard(" ");
    for (let press = 0; press < 40 && document.activeElement !== within(dialog).getByRole("button", { name: "Load 2 images" }); press += 1) await user.tab();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
  });
  it("opens a folder", async () => {
    const { host } = await renderWindow({ opens: ["layout"] });
    const user = userEvent.setup();
    await user.keyboard("{Control>}{Shift>}O{/Shift}{/Control}");
    await screen.findByRole("dialog", { name: "Load layout" });
    expect(host.calls.find(({ name }) => name === "open_files")?.args).toEqual({ folder: true });
  });
  it("says why the system's dialog did not open", async () => {
    const { app } = await renderWindow({ failing: { open_files: fault("internal", "No portal answered") } });
    void app.given.open(false);
    expect(await screen.findByRole("dialog", { name: "This did not work" })).toHaveTextContent("No portal answered");
  });
});

it.each([
  ["images with a move", "release-images.tar.zst", /^Load 2 images$/],
  ["a root filesystem", "container-fs.tar", /^Import$/],
  ["an odd archive", "odd.tar", /^Load 4 images$/],
  ["a foreign file", "photo.jpg", /^Close$/],
  ["a broken file", "broken.tar", /^Copy details$/],
])("axe finds nothing in %s", async (_, name, ready) => {
  const { dialog } = await dropped([name]);
  await within(dialog()).findAllByRole("button", { name: ready });
  expect(await violations(dialog())).toEqual([]);
});
