import { configure, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { CallName } from "../../ipc/host";
import { fault, type FakeOptions } from "../../ipc/fake";
import { FileTree } from "../../state/files.svelte";
import { renderWindow } from "../../test/render";

vi.setConfig({ testTimeout: 40_000 });
configure({ asyncUtilTimeout: 8000 });

const WEB = "127.0.0.1:5055/web:2.0";

const draw = async (options: FakeOptions = {}) => {
  const drawn = await renderWindow(options);
  drawn.app.inspect(WEB, { tab: "files" });
  return { ...drawn, user: userEvent.setup(), asked: (name: CallName) => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => args) };
};
const grid = async (name = /^Files that a container sees/) => {
  const found = await screen.findByRole("treegrid", { name });
  await waitFor(() => expect(found).not.toHaveAttribute("aria-rowcount", "0"));
  return found;
};
const row = (name: string) => screen.findByRole("row", { name: new RegExp(`^${name.replace(/[.*+?]/g, "\\$&")},`) });
const rows = () => screen.queryAllByRole("row").map((each) => each.getAttribute("aria-label")?.split(",")[0] ?? "");
const active = () => document.getElementById(screen.getByRole("treegrid").getAttribute("aria-activedescendant") ?? "")?.getAttribute("aria-label")?.split(",")[0];
const layer = (name: RegExp) => screen.getByRole("option", { name });
/** Opens folders by their arrows, one after another. */
const open = async (user: ReturnType<typeof userEvent.setup>, ...names: string[]) => {
  for (const name of names) {
    const folder = await row(name);
    const arrow = folder.querySelector(".fold");
    if (arrow) await user.click(arrow);
    await waitFor(async () => expect(await row(name)).toHaveAttribute("aria-expanded", "true"));
  }
};

describe("the tree", () => {
  it("shows what a container sees, with sizes, layers, and its place for screen readers", async () => {
    const { user } = await draw();
    expect(await grid()).toHaveAttribute("aria-rowcount", "5");
    expect(screen.getByRole("tab", { name: /Files/, selected: true })).toHaveTextContent("Files300,053");
    expect(rows()).toEqual(["app", "etc", "srv", "usr", "var"]);
    const app = await row("app");
    expect(app).toHaveAttribute("aria-expanded", "false");
    await open(user, "app", "node_modules");
    const inside = await row("sharp");
    for (const [name, value] of [["aria-level", "3"], ["aria-posinset", "5"], ["aria-setsize", "5"]] as const) expect(inside).toHaveAttribute(name, value);
    expect(inside).toHaveAccessibleName("sharp, folder with 2 entries, 31.0 MB, layer 6");
  });

  it("shows what a layer added, changed and took, by glyph and word", async () => {
    const { user } = await draw();
    await grid();
    await user.click(layer(/RUN npm ci/));
    await grid(/changes of layer 6/);
    await open(user, "app", "srv", ".npm", "_cacache");
    const changed = await row("package-lock.json");
    expect(changed).toHaveAccessibleName("package-lock.json, modified, 88.0 kB, layers 5, 6");
    expect(changed.querySelector(".mk")).toHaveTextContent("~");
    expect((await row("node_modules")).querySelector(".mk")).toHaveTextContent("+");
    const gone = await row("index");
    expect(gone).toHaveAccessibleName("index, removed, whiteout, 5.9 MB, layers 2, 6");
    expect(gone.querySelector(".mk")).toHaveTextContent("−");
    expect(within(gone).getByText("whiteout")).toBeInTheDocument();
    expect(layer(/RUN npm ci/)).toHaveAttribute("aria-selected", "true");
  });

  it("keeps only one kind of change at a press", async () => {
    const { user } = await draw();
    await grid();
    await user.click(layer(/RUN npm ci/));
    await user.click(await screen.findByRole("button", { name: "Only modified, 2" }));
    await waitFor(() => expect(rows()).toEqual(["app", "package-lock.json", "package.json"]));
    await user.click(screen.getByRole("button", { name: "Only modified, 2" }));
    await waitFor(() => expect(rows()).toContain("etc"));
  });

  it("has a menu for each layer, which saves it wherever it is", async () => {
    const { app, user, asked } = await draw();
    await grid();
    await user.click(layer(/RUN npm ci/));
    screen.getByRole("listbox", { name: /Layers/ }).focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    const menu = await screen.findByRole("menu", { name: "More about layer 6" });
    expect(within(menu).getAllByRole("menuitem").map((each) => each.textContent.trim())).toEqual(["Show its changes", "Show the state up to it", "Compare with layer 1", "Save layer…", "Copy digest"]);
    await user.click(within(menu).getByRole("menuitem", { name: "Save layer…" }));
    await waitFor(() => expect(app.announcement).toBe("Saved layer.tar.gz"));
    expect(asked("save_item")).toMatchObject([{ item: { kind: "stored", layer: 6 } }]);
    await user.pointer({ keys: "[MouseRight]", target: layer(/RUN install yarn/) });
    await user.click(await screen.findByRole("menuitem", { name: "Compare with layer 6" }));
    await grid(/from layer 3 to layer 6/);
  });

  it("compares two layers that were clicked with Shift", async () => {
    const { user, asked } = await draw();
    await grid();
    await user.click(layer(/RUN npm ci/));
    await user.keyboard("{Shift>}");
    await user.click(layer(/RUN install yarn/));
    await user.keyboard("{/Shift}");
    await grid(/from layer 3 to layer 6/);
    expect((asked("open_view") as { scope: unknown }[]).at(-1)?.scope).toEqual({ kind: "between", from: 3, to: 6 });
    expect(screen.getAllByRole("option", { selected: true }).map((each) => each.textContent)).toHaveLength(2);
  });

  it("holds only what is on screen of a folder of 300,000, and few pages of it", async () => {
    const { user, container, asked } = await draw();
    await grid();
    await open(user, "var", "lib", "generated");
    await waitFor(async () => expect(await grid()).toHaveAttribute("aria-rowcount", "300008"));
    const rows = () => container.querySelectorAll("[role=row]").length;
    expect(rows()).toBeLessThan(80);
    // 34 fit on the screen; spare ones follow, so that a turn of the wheel finds rows.
    await waitFor(() => expect(rows()).toBeGreaterThan(40));
    (await grid()).focus();
    await user.keyboard("{End}");
    expect((await grid()).getAttribute("aria-activedescendant")).toMatch(/-300007$/);
    for (const { limit } of asked("file_rows") as { limit: number }[]) expect(limit).toBeLessThanOrEqual(64);
  });

  it("keeps the old rows until new ones are there", async () => {
    const { user, host } = await draw();
    await grid();
    let release: () => void = () => undefined;
    const call = host.call.bind(host);
    vi.spyOn(host, "call").mockImplementation(async (name, args) => {
      if (name === "open_view") await new Promise<void>((resolve) => (release = resolve));
      return call(name, args);
    });
    await user.click(layer(/ADD rootfs/));
    await waitFor(() => expect(screen.getByRole("treegrid")).toHaveAttribute("aria-busy", "true"));
    expect(rows()).toEqual(["app", "etc", "srv", "usr", "var"]);
    release();
    await waitFor(() => expect(rows()).toEqual(["etc", "srv", "usr", "var"]));
  });
});

describe("the keyboard", () => {
  it("folds, walks to the parent, opens siblings, and goes to names", async () => {
    const { user } = await draw();
    (await grid()).focus();
    await user.keyboard("{ArrowRight}");
    await waitFor(async () => expect(await row("app")).toHaveAttribute("aria-expanded", "true"));
    await user.keyboard("{ArrowRight}");
    expect(active()).toBe("data");
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowLeft}");
    await waitFor(() => expect(active()).toBe("app"));
    await user.keyboard("{ArrowLeft}");
    await waitFor(() => expect(rows()).toEqual(["app", "etc", "srv", "usr", "var"]));
    await user.keyboard("us");
    expect(active()).toBe("usr");
    await user.keyboard("*");
    await waitFor(() => expect(rows()).toEqual(expect.arrayContaining(["node_modules", "passwd", ".bashrc", "bin", "lib"])));
    // The keyboard stays on its folder, wherever that went.
    expect(active()).toBe("usr");
    await user.keyboard("{End}");
    expect(active()).toBe("lib");
    await user.keyboard("{Home}");
    expect(active()).toBe("app");
  });

  it("goes to the folder that was closed over it", async () => {
    const { user } = await draw();
    await grid();
    await open(user, "app", "node_modules");
    await user.click(await row("sharp"));
    const arrow = (await row("app")).querySelector(".fold");
    if (arrow) await user.click(arrow);
    await waitFor(() => expect(rows()).toHaveLength(5));
    expect(active()).toBe("app");
  });

  it("opens a file with Enter, and the find field with its key", async () => {
    const { user } = await draw();
    (await grid()).focus();
    await user.keyboard("{ArrowRight}");
    await row("server.js");
    await user.keyboard("ser{Enter}");
    expect(await screen.findByRole("heading", { name: "/app/server.js" })).toBeInTheDocument();
    await user.keyboard("{Control>}f{/Control}");
    expect(screen.getByRole("textbox", { name: "Find files" })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("treegrid")).toHaveFocus();
  });
});

describe("find", () => {
  it("goes to matches while typing, forwards and back, and says which it is at", async () => {
    const { user } = await draw();
    await grid();
    await user.type(screen.getByRole("textbox", { name: "Find files" }), "package.json");
    expect(await screen.findByText("1 of 6")).toHaveAttribute("role", "status");
    expect(active()).toBe("package.json");
    await user.keyboard("{Enter}");
    expect(await screen.findByText("2 of 6")).toBeInTheDocument();
    await user.keyboard("{Shift>}{Enter}{/Shift}");
    expect(await screen.findByText("1 of 6")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByText(/of 6/)).toBeNull());
  });
  it("takes globs, and lists the matches alone", async () => {
    const { user } = await draw();
    await grid();
    await user.type(screen.getByRole("textbox", { name: "Find files" }), "*.svg");
    expect(await screen.findByText("1 of 1")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Only matches" }));
    await waitFor(() => expect(rows()).toEqual(["app", "drawing.svg"]));
    expect(screen.getByText("1 file")).toBeInTheDocument();
    await user.clear(screen.getByRole("textbox", { name: "Find files" }));
    await waitFor(() => expect(rows()).toContain("etc"));
  });
  it("says that nothing matches", async () => {
    const { user } = await draw();
    await grid();
    await user.type(screen.getByRole("textbox", { name: "Find files" }), "nothing-like-it");
    expect(await screen.findByText("No match")).toBeInTheDocument();
  });
  it("is narrowed by size, owner and setuid", async () => {
    const { user } = await draw();
    await grid();
    await user.click(screen.getByRole("button", { name: "Filters" }));
    const dialog = screen.getByRole("dialog", { name: "Filters" });
    await user.click(within(dialog).getByRole("checkbox", { name: /setuid/ }));
    await waitFor(() => expect(rows()).toEqual(["usr", "bin", "sudo"]));
    await user.click(within(dialog).getByRole("checkbox", { name: /setuid/ }));
    await user.selectOptions(within(dialog).getByRole("combobox", { name: "Size" }), "10 MB or more");
    await waitFor(() => expect(rows()).toContain("node"));
    await user.type(within(dialog).getByRole("textbox", { name: "Owner" }), "1000{Enter}");
    await waitFor(() => expect(screen.getByText("No file passes the filters.")).toBeInTheDocument());
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("dialog", { name: "Filters" })).toBeNull();
    expect(screen.getByRole("button", { name: "Filters, 2 set" })).toHaveFocus();
    await user.click(screen.getByRole("button", { name: "Remove filter: Owner 1000" }));
    await user.click(screen.getByRole("button", { name: "Remove filter: 10 MB or more" }));
    await waitFor(() => expect(rows()).toEqual(["app", "etc", "srv", "usr", "var"]));
  });
});

describe("what files hold", () => {
  it("is a filter, which is a chip, and part of the command line", async () => {
    const { app, user, asked } = await draw();
    await grid();
    await user.click(screen.getByRole("button", { name: "Filters" }));
    const dialog = screen.getByRole("dialog", { name: "Filters" });
    await user.selectOptions(within(dialog).getByRole("combobox", { name: "Holds" }), "JSON");
    await waitFor(() => expect(rows()).toEqual(["app", "node_modules", "@fastify", "static", "package.json", "better-sqlite3", "package.json", "fastify", "package.json", "pino", "package.json", "sharp", "package.json", "package-lock.json", "package.json"]));
    expect((asked("open_view") as { filter: { content: unknown } }[]).at(-1)?.filter.content).toBe("json");
    await waitFor(() => expect(app.command).toBe(`longshore files ${WEB} --merged --content json`));
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "Remove filter: JSON" }));
    await waitFor(() => expect(rows()).toEqual(["app", "etc", "srv", "usr", "var"]));
  });
  it("says of which layers nobody saw the bytes", async () => {
    const { user } = await draw({ files: { remote: true } });
    await grid();
    expect(screen.queryByText(/is not known/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Filters" }));
    await user.selectOptions(within(screen.getByRole("dialog", { name: "Filters" })).getByRole("combobox", { name: "Holds" }), "Pictures");
    expect(await screen.findByText("What files of layers 2, …, 8 hold is not known: their bytes are not here.")).toBeInTheDocument();
  });
});

describe("a file", () => {
  it("says its path, mode and owner, and what each layer did; another layer's version is a press away", async () => {
    const { user, asked } = await draw();
    await grid();
    await open(user, "app");
    await user.click(await row("package.json"));
    expect(await screen.findByText("1.2 kB, -rw-r--r--, 0:0, JSON")).toBeInTheDocument();
    const versions = within(screen.getByRole("list", { name: "What each layer did with it" }));
    expect(versions.getByRole("button", { name: /Layer 6 replaced here/ })).toHaveAttribute("aria-pressed", "true");
    // The line that layer 5 has not is marked.
    await waitFor(() => expect(document.querySelectorAll(".line.ch")).toHaveLength(1));
    await user.click(versions.getByRole("button", { name: /Layer 5 hidden by layer 6/ }));
    await waitFor(() => expect((asked("preview_file") as { layer: number }[]).some(({ layer: each }) => each === 5)).toBe(true));
    await waitFor(() => expect(document.querySelectorAll(".line.ch")).toHaveLength(0));
  });
  it("sets its text beside the one that it replaced: between two layers at once, else when asked", async () => {
    const { user, asked } = await draw();
    await grid();
    await user.click(layer(/COPY package.json/));
    await user.keyboard("{Shift>}");
    await user.click(layer(/RUN npm ci/));
    await user.keyboard("{/Shift}");
    await grid(/from layer 5 to layer 6/);
    await open(user, "app");
    await user.click(await row("package.json"));
    const changed = await screen.findByRole("group", { name: "What changed in package.json" });
    expect(within(changed).getByText('"sharp": "^0.33.4"', { exact: false })).toBeInTheDocument();
    expect(asked("version_diff")).toMatchObject([{ a: { layer: 5 }, b: { layer: 6 } }]);
    expect(screen.getByText("Beside layer 5")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "File" }));
    await waitFor(() => expect(screen.queryByRole("group", { name: /What changed in/ })).toBeNull());
    await user.click(screen.getByRole("option", { name: /Merged/ }));
    await grid();
    await user.click(screen.getByRole("button", { name: "What changed" }));
    expect(await screen.findByRole("group", { name: "What changed in package.json" })).toBeInTheDocument();
  });
  it("stays at hand when all of it is read again", async () => {
    const { user, asked } = await draw();
    await grid();
    await open(user, "app");
    await user.click(await row("server.js"));
    await screen.findByRole("heading", { name: "/app/server.js" });
    await user.keyboard("{F5}");
    await waitFor(() => expect(asked("close_tree")).toHaveLength(1));
    await waitFor(() => expect(active()).toBe("server.js"));
    expect(screen.getByRole("heading", { name: "/app/server.js" })).toBeInTheDocument();
  });
  it("is saved, and dragged out, by its number", async () => {
    const { app, user, asked } = await draw();
    await grid();
    await open(user, "app");
    await user.click(await row("server.js"));
    await user.click(await screen.findByRole("button", { name: "Save file…" }));
    await waitFor(() => expect(app.announcement).toBe("Saved layer.tar.gz"));
    expect(asked("save_item")).toMatchObject([{ item: { kind: "file", layer: 7 } }]);
    expect(screen.getByTitle("layer.tar.gz")).toHaveTextContent("Saved layer.tar.gz");
    (await row("server.js")).dispatchEvent(new Event("dragstart", { bubbles: true, cancelable: true }));
    await waitFor(() => expect(asked("drag_out")).toHaveLength(1));
  });
  it("or a folder is saved by its key and by the palette, and says what can't go along", async () => {
    const { app, user, asked } = await draw({ leftOut: ["`/app/lost` is a hard link to `gone`, which is no file"] });
    (await grid()).focus();
    await user.keyboard("{Control>}{Shift>}S{/Shift}{/Control}");
    await waitFor(() => expect(asked("save_item")).toMatchObject([{ item: { kind: "file", layer: null } }]));
    await waitFor(() => expect(app.announcement).toBe("Saved layer.tar.gz, without 1 entry: /app/lost is a hard link to gone, which is no file"));
    expect(await screen.findByText("Not everything could be saved.")).toBeInTheDocument();
    await user.keyboard("{ArrowDown}");
    const action = app.actions.all.find(({ id }) => id === "files-save");
    expect(action?.title).toBe("Save etc…");
  });
  it("that can't be saved says why", async () => {
    const { user } = await draw({ failing: { save_item: fault("store_full", "There is no room in `/tmp`") } });
    await grid();
    await open(user, "app");
    await user.click(await row("server.js"));
    await user.click(await screen.findByRole("button", { name: "Save file…" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("There is no room in /tmp");
  });
  it("that runs as its owner is flagged, with its extended attributes", async () => {
    const { user } = await draw();
    await grid();
    await open(user, "usr", "bin");
    await user.click(await row("sudo"));
    expect(await screen.findByText("It can run as its owner (setuid).")).toBeInTheDocument();
    expect(screen.getByText("cap_net_raw=ep")).toBeInTheDocument();
  });
  it("has a menu of its own", async () => {
    const { user } = await draw();
    (await grid()).focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    const menu = await screen.findByRole("menu", { name: "More about app" });
    expect(within(menu).getAllByRole("menuitem").map((each) => each.textContent.trim())).toEqual(["Show folder", "Open folder", "Save folder… CtrlShiftS", "Copy path"]);
  });
  it("f118_with an acting name is written out and flagged", async () => {
    const { user } = await draw();
    await grid();
    await open(user, "usr", "share", "doc");
    const odd = await screen.findByRole("row", { name: /^evil/ });
    expect(odd).toHaveAccessibleName(/its name is not what it seems/);
    await user.click(odd);
    expect(await screen.findByText("Its name has a right-to-left mark.")).toBeInTheDocument();
  });
});

describe("waste", () => {
  it("is one line that opens to the files to blame, which are gone to", async () => {
    const { user } = await draw();
    await grid();
    const panel = within(screen.getByRole("region", { name: "Wasted space" }));
    expect(panel.getByText("10.5 MB wasted")).toBeInTheDocument();
    await user.click(panel.getByRole("button", { name: /wasted/ }));
    expect(await panel.findByText("/srv/.npm/_cacache/index")).toBeInTheDocument();
    expect(panel.getByText("added 2, removed 6")).toBeInTheDocument();
    await user.click(panel.getByRole("button", { name: "/etc/ssl/certs.pem" }));
    await waitFor(() => expect(active()).toBe("certs.pem"));
    expect(await screen.findByRole("heading", { name: "/etc/ssl/certs.pem" })).toBeInTheDocument();
  });
  it("has the three sizes of each layer", async () => {
    const { user } = await draw();
    await grid();
    await user.click(screen.getByRole("button", { name: /wasted/ }));
    await user.click(screen.getByRole("button", { name: "Sizes of layers" }));
    const row6 = screen.getByRole("rowheader", { name: "6 RUN npm ci" }).closest("tr");
    expect([...(row6?.querySelectorAll("td.num") ?? [])].map((each) => each.textContent)).toEqual(["24.8 MB", "51.1 MB", "51.1 MB"]);
  });
  it("finds duplicates when asked", async () => {
    const { user } = await draw();
    await grid();
    await user.click(screen.getByRole("button", { name: /wasted/ }));
    await user.click(screen.getByRole("button", { name: "Duplicates" }));
    await user.click(screen.getByRole("button", { name: "Find duplicates" }));
    expect(await screen.findByText("2.8 kB in 1 content that is there more than once")).toBeInTheDocument();
    expect(screen.getByText("3 × 1.4 kB")).toBeInTheDocument();
  });
});

describe("the map of sizes", () => {
  it("is walked by arrows; Enter goes in and Backspace up", async () => {
    const { user, asked } = await draw();
    await grid();
    await user.click(screen.getByRole("button", { name: "Show a map of sizes" }));
    const map = await screen.findByRole("listbox", { name: "Sizes, largest first" });
    map.focus();
    const at = () => document.getElementById(map.getAttribute("aria-activedescendant") ?? "")?.getAttribute("aria-label");
    expect(at()).toBe("var, 154 MB, folder");
    await user.keyboard("{ArrowRight}");
    expect(at()).toBe("usr, 98.3 MB, folder");
    await user.keyboard("{Enter}");
    await waitFor(() => expect((asked("file_map") as { node: number | null }[]).at(-1)?.node).not.toBeNull());
    expect(await screen.findByRole("button", { name: "usr" })).toBeInTheDocument();
    await waitFor(() => expect(map).toHaveAttribute("aria-busy", "false"));
    expect(map).toHaveFocus();
    await user.keyboard("{Backspace}");
    await waitFor(() => expect(screen.queryByRole("button", { name: "usr" })).toBeNull());
    expect(at()).toBe("usr, 98.3 MB, folder");
    await user.click(screen.getByRole("button", { name: "Show the tree" }));
    expect(await grid()).toBeInTheDocument();
  });
});

describe("states", () => {
  it("shows how far each layer is while they are listed", async () => {
    await draw({ files: { takes: Infinity } });
    expect(await screen.findByRole("heading", { name: "Listing the files of 8 layers" })).toBeInTheDocument();
    expect(screen.getByRole("progressbar", { name: "All layers" })).toHaveAttribute("aria-valuenow", "25");
  });
  it("has a place for everything while it waits, and looks for what was typed meanwhile", async () => {
    const { user } = await draw({ files: { takes: 2000 } });
    const field = await screen.findByRole("textbox", { name: "Find files" });
    await user.keyboard("{Control>}f{/Control}package.json{Enter}");
    expect(field).toHaveFocus();
    expect(screen.getByRole("heading", { name: "Listing the files of 8 layers" })).toBeInTheDocument();
    expect(screen.getByRole("option", { name: /Merged/ })).toBeInTheDocument();
    expect(screen.getByRole("treegrid").parentElement?.inert).toBe(true);
    expect(screen.queryByText("No match")).toBeNull();
    expect(await screen.findByText("1 of 6")).toBeInTheDocument();
    expect(active()).toBe("package.json");
    expect(screen.getByRole("treegrid").parentElement?.inert).toBe(false);
  });
  it("says that an image from scratch has no files", async () => {
    await draw({ files: { empty: true } });
    expect(await screen.findByText("There are no files in it")).toBeInTheDocument();
  });
  it("says why nothing can be shown, and tries again", async () => {
    const { user } = await draw({ files: { fault: fault("archive_invalid", "Layer 2 is no tar: its checksum at byte `512` is wrong") } });
    expect(await screen.findByRole("alert")).toBeInTheDocument();
    expect(screen.getAllByText(/its checksum at byte/).length).toBeGreaterThan(0);
    await user.click(screen.getByRole("button", { name: /Try again/ }));
    expect(await screen.findByRole("alert")).toBeInTheDocument();
  });
  it("f096_says that the list of a layer is not whole, and why", async () => {
    await draw({ files: { incomplete: "The archive ends at byte 12,288" } });
    await grid();
    expect(screen.getByText("The list of layer 3 is not whole.")).toBeInTheDocument();
    expect(screen.getByText(/The archive ends at byte 12,288/)).toBeInTheDocument();
    expect(layer(/RUN install yarn/)).toHaveAccessibleName(/not whole/);
  });
  it("says how much was fetched of layers in a registry, and opens their files on purpose alone", async () => {
    const { user, asked } = await draw({ files: { remote: true } });
    (await grid()).focus();
    expect(screen.getByText("Fetched 1.2 MB of 98.6 MB so far")).toBeInTheDocument();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(asked("file_detail")).toEqual([]);
    await user.keyboard("{Enter}");
    expect(await screen.findByText("Fetched 1.3 MB of 98.6 MB so far")).toBeInTheDocument();
  });
  it("says it also after bytes further on and a comparison were fetched", async () => {
    const { host } = await draw({ files: { remote: true } });
    const tree = new FileTree(host, { kind: "image", input: WEB, from: "registry", platform: null });
    await tree.open();
    expect(tree.fetched).toBe(1_200_000);
    await tree.bytes({ node: 3, layer: null }, 65_536);
    expect(tree.fetched).toBe(1_300_000);
    tree.difference({ node: 3, layer: 1 }, { node: 3, layer: 2 });
    await waitFor(() => expect(tree.fetched).toBe(1_400_000));
  });
  it("closes trees on the other side when newer ones are open", async () => {
    const { app, asked } = await draw();
    await grid();
    for (const name of ["hello:1.0", "hello:1.1", "files:1.0"]) {
      app.inspect(`127.0.0.1:5055/${name}`, { tab: "files" });
      await screen.findByRole("heading", { level: 1, name: name.split(":")[0] ?? "" });
      await grid();
      await waitFor(() => expect(app.command).toContain(name));
    }
    await waitFor(() => expect(asked("close_tree")).toHaveLength(1));
  });
  it("shows an archive where it lies", async () => {
    const { app } = await draw();
    app.go({ kind: "files", of: { kind: "archive", file: 3, image: 0, platform: null }, title: "myapp.tar" });
    expect(await screen.findByRole("heading", { level: 1, name: "myapp.tar" })).toBeInTheDocument();
    expect(screen.getByText("Nothing was imported")).toBeInTheDocument();
    await grid();
    expect(document.title).toMatch(/^Files of myapp.tar/);
  });
});
