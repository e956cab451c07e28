import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { RegistryEntry } from "../../ipc/bindings";
import { fault } from "../../ipc/fake";
import { renderWindow } from "../../test/render";
import { parentOf, pathOn, treeRows, type Known } from "./tree";

const entry = (kind: RegistryEntry["kind"], host: string) => ({ host, label: host, kind, state: "anonymous", account: null }) as RegistryEntry;
const known = (part: Partial<Omit<Known, "catalog">> = {}, catalog: Partial<Known["catalog"]> = {}): Known => ({
  pinned: [], recent: [], ...part, catalog: { names: [], open: false, loaded: false, busy: false, more: false, partial: false, fault: null, unfolded: new Set(), ...catalog },
});
const drawn = (rows: ReturnType<typeof treeRows>) => rows.map(({ level, label, unfolded }) => `${"  ".repeat(level - 1)}${unfolded === null ? "" : unfolded ? "- " : "+ "}${label}`);

describe("the rows of a registry", () => {
  it("are what is pinned and was opened, each repository once", () => {
    expect(drawn(treeRows(entry("hub", "docker.io"), known({ pinned: ["docker.io/library/nginx"], recent: ["nginx:1.25", "owner/app:1", "ghcr.io/a/b", "c/d", "e/f", "g/h"] })))).toEqual([
      "library/nginx", "owner/app", "c/d", "e/f", "Open a repository…",
    ]);
  });
  it("fold its catalog into namespaces of any depth", () => {
    const names = ["base", "team/app", "team/tools/lint", "deep/only/one/way/down", "team"];
    const open = known({}, { names, open: true, loaded: true, unfolded: new Set(["team", "deep/only/one/way"]) });
    expect(drawn(treeRows(entry("other", "localhost:5000"), open))).toEqual([
      "- All repositories", "  base", "  - deep/only/one/way/", "    down", "  team", "  - team/", "    app", "    + tools/",
    ]);
  });
  it("say that there is more, that it is read, that there is none, and why there is no list", () => {
    const last = (catalog: Partial<Known["catalog"]>) => drawn(treeRows(entry("other", "x"), known({}, { open: true, ...catalog }))).slice(1);
    expect(last({ names: ["a"], loaded: true, more: true })).toEqual(["  a", "  Show more"]);
    expect(last({ busy: true })).toEqual(["  Reading"]);
    expect(last({ loaded: true })).toEqual(["  No repositories"]);
    expect(last({ names: ["a"], loaded: true, partial: true })).toEqual(["  a", "  There may be more"]);
    const refused = treeRows(entry("other", "x"), known({}, { open: true, fault: { message: "`x` has no catalog", hint: "Type a name" } }));
    expect(refused.at(-2)).toMatchObject({ label: "No list here", title: "x has no catalog. Type a name" });
    expect(refused.at(-1)?.kind).toBe("typed");
  });
  it("find the parent for the left arrow", () => {
    const rows = treeRows(entry("other", "x"), known({}, { names: ["a/b"], open: true, unfolded: new Set(["a"]) }));
    expect([parentOf(rows, 2), parentOf(rows, 1), parentOf(rows, 0)]).toEqual([1, 0, 0]);
  });
  it("know a reference's path on a registry", () => {
    expect([pathOn("docker.io", "nginx:1.25"), pathOn("docker.io", "ghcr.io/a/b"), pathOn("localhost:5000", "localhost:5000/a/b/c:1")]).toEqual(["library/nginx", null, "a/b/c"]);
  });
});

const tree = (name: RegExp) => screen.findByRole("tree", { name });
const labels = (of: HTMLElement) => within(of).getAllByRole("treeitem").map((item) => item.textContent.trim());

describe("the tree in the sidebar", () => {
  it("asks for a catalog only when it is unfolded, and for the next page when asked to", async () => {
    const { host } = await renderWindow();
    const user = userEvent.setup();
    const asked = () => host.calls.filter(({ name }) => name === "list_catalog").map(({ args }) => args);
    const local = await tree(/localhost:5000/);
    expect(asked()).toEqual([]);
    await user.click(within(local).getByRole("treeitem", { name: "All repositories" }));
    await waitFor(() => expect(labels(local)).toEqual(["All repositories", "base", "load/", "services/", "Show more"]));
    await user.click(within(local).getByRole("treeitem", { name: "Show more" }));
    await waitFor(() => expect(labels(local)).toContain("team/"));
    expect(asked()).toEqual([{ host: "localhost:5000", after: null }, { host: "localhost:5000", after: "100" }]);
  });

  it("is walked, folded and opened by the keyboard alone", async () => {
    const { app } = await renderWindow();
    const user = userEvent.setup();
    const local = await tree(/localhost:5000/);
    within(local).getByRole("treeitem", { name: "All repositories" }).focus();
    await user.keyboard("{ArrowRight}");
    await waitFor(() => expect(labels(local)).toContain("load/"));
    expect(within(local).getByRole("treeitem", { name: "All repositories" })).toHaveAttribute("aria-expanded", "true");
    await user.keyboard("l{ArrowRight}{ArrowRight}");
    expect(within(local).getByRole("treeitem", { name: "huge" })).toHaveFocus();
    expect(within(local).getByRole("treeitem", { name: "huge" })).toHaveAttribute("aria-level", "3");
    await user.keyboard("{ArrowLeft}");
    expect(within(local).getByRole("treeitem", { name: "load/" })).toHaveFocus();
    await user.keyboard("{ArrowLeft}");
    expect(labels(local)).not.toContain("huge");
    await user.keyboard("{ArrowUp}{Enter}");
    expect(app.navigation.page).toEqual({ kind: "repository", input: "localhost:5000/base" });
    await waitFor(() => expect(within(local).getByRole("treeitem", { name: "base" })).toHaveAttribute("aria-current", "page"));
    expect(within(local).getAllByRole("treeitem").filter((item) => item.tabIndex === 0)).toHaveLength(1);
  });

  it("pins from the row's menu, and unpins what was pinned", async () => {
    const { app } = await renderWindow({ settings: { recent: ["ghcr.io/owner/app:v1"] } });
    const user = userEvent.setup();
    const ghcr = await tree(/ghcr.io/);
    within(ghcr).getByRole("treeitem", { name: "owner/app" }).focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(await screen.findByRole("menuitem", { name: "Pin" }));
    await waitFor(() => expect(app.settings.value.pinned).toEqual(["ghcr.io/owner/app"]));
    const pinned = await within(ghcr).findByRole("treeitem", { name: /owner\/app Pinned/ });
    pinned.focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(await screen.findByRole("menuitem", { name: "Unpin" }));
    await waitFor(() => expect(app.settings.value.pinned).toEqual([]));
  });

  it("begins a reference where nothing can be listed", async () => {
    await renderWindow();
    const user = userEvent.setup();
    await user.click(within(await tree(/ghcr.io/)).getByRole("treeitem", { name: "Open a repository…" }));
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("ghcr.io/");
    await user.keyboard("owner/app");
    const tags = await screen.findByRole("option", { name: /Every tag of this repository/ });
    await user.click(tags);
    expect(await screen.findByRole("grid", { name: "Tags of ghcr.io/owner/app" })).toBeInTheDocument();
  });

  it("says why there is no list, and asks again when it is unfolded again", async () => {
    const { host } = await renderWindow({ failing: { list_catalog: fault("auth_required", "`localhost:5000` wants to know who you are") } });
    const user = userEvent.setup();
    const local = await tree(/localhost:5000/);
    const all = within(local).getByRole("treeitem", { name: "All repositories" });
    await user.click(all);
    expect(await within(local).findByRole("treeitem", { name: "No list here" })).toHaveAttribute("title", "localhost:5000 wants to know who you are");
    await user.click(all);
    await user.click(all);
    expect(host.calls.filter(({ name }) => name === "list_catalog")).toHaveLength(2);
  });
});
