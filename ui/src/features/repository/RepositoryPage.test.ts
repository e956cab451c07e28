import { configure, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { CallName } from "../../ipc/host";
import { fault, type FakeOptions } from "../../ipc/fake";
import { renderWindow } from "../../test/render";

vi.setConfig({ testTimeout: 30_000 });
configure({ asyncUtilTimeout: 5000 });

const draw = async (input: string, options: FakeOptions = {}) => {
  const drawn = await renderWindow(options);
  drawn.app.openRepository(input);
  return { ...drawn, user: userEvent.setup(), asked: (name: CallName) => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => args) };
};
const grid = () => screen.findByRole("grid", { name: /^Tags of/ });
const rows = () => screen.queryAllByRole("row").map((row) => row.getAttribute("aria-label")?.split(",")[0] ?? "");
const settled = () =>
  waitFor(() => {
    expect(rows().length).toBeGreaterThan(1);
    expect(screen.queryAllByRole("row", { name: /details not read yet|being read/ })).toHaveLength(0);
  });

describe("a repository's page", () => {
  it("shows tags with digest, platforms, size, age, and what is on this computer", async () => {
    const { app } = await draw("nginx:1.25");
    await grid();
    await settled();
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("nginx");
    expect(await screen.findByText("1,036 tags")).toBeInTheDocument();
    expect(screen.getByText("198 of 200 pulls left")).toBeInTheDocument();
    const row = screen.getByRole("row", { name: /^1\.25,/ });
    expect(row).toHaveAccessibleName(/amd64, arm64 and 7 more, 70\.5 MB, 1 month ago, same digest on this computer/);
    expect(screen.getByRole("row", { name: /^1\.25-alpine,/ })).toHaveAccessibleName(/yours is older/);
    expect(app.navigation.page).toEqual({ kind: "repository", input: "nginx" });
    expect(document.title).toMatch(/^Tags of nginx/);
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("nginx");
  });

  it("joins neighbours of one digest", async () => {
    const { container } = await draw("nginx");
    await grid();
    await settled();
    expect([...container.querySelectorAll(".knot")].slice(0, 6).map((knot) => /knot--(\w+)/.exec(knot.className)?.[1])).toEqual(["first", "mid", "mid", "last", "first", "last"]);
  });

  it("shows the first page of a hundred thousand at once, and holds only what is on screen", async () => {
    const { container, asked } = await draw("localhost:5000/load/huge");
    expect(await screen.findByText("1,000 tags so far")).toBeInTheDocument();
    expect(await grid()).toBeInTheDocument();
    expect(await screen.findByText("100,000 tags")).toBeInTheDocument();
    await waitFor(async () => expect(await grid()).toHaveAttribute("aria-rowcount", "100001"));
    expect(container.querySelectorAll("[role=row]").length).toBeLessThan(60);
    // Rows come in windows, never as a whole list.
    for (const { query } of asked("query_tags") as { query: { count: number } }[]) expect(query.count).toBeLessThanOrEqual(128);
  });

  it("asks for details of what is on screen and a screen more, not of the rest", async () => {
    const { asked } = await draw("nginx");
    await grid();
    await settled();
    await waitFor(() => expect((asked("describe_tags") as { tags: string[] }[]).flatMap(({ tags }) => tags).length).toBeGreaterThan(25));
    const tags = (asked("describe_tags") as { tags: string[] }[]).flatMap(({ tags: some }) => some);
    expect(tags[0]).toBe("latest");
    expect(tags.length).toBeLessThan(120);
    expect(new Set(tags).size).toBe(tags.length);
  });

  it("is filtered from the slash key, and cleared by Escape", async () => {
    const { user } = await draw("nginx");
    await grid();
    await user.keyboard("/1.25 alpine");
    await waitFor(() => expect(rows()).toEqual(["1.25-alpine", "1.25.5-alpine"]));
    expect(screen.getByText("2 of 1,036")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(rows().length).toBeGreaterThan(20));
    await user.keyboard("nothing-like-it");
    expect(await screen.findByText(/No tag matches “nothing-like-it”/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Clear filter" }));
    await waitFor(() => expect(rows()[0]).toBe("latest"));
  });

  it("is sorted by version at a click, and says how many sizes it knows", async () => {
    const { user } = await draw("nginx");
    await grid();
    await settled();
    await user.click(screen.getByRole("button", { name: /Sort by version/ }));
    await waitFor(() => expect(rows().indexOf("1.27.0")).toBeLessThan(rows().indexOf("1.26")));
    await user.click(screen.getByRole("button", { name: /Sort by size/ }));
    expect(await screen.findByText(/^Sizes are known of \d+ of 1,036 tags, the others stand last/)).toBeInTheDocument();
    await waitFor(() => expect(rows()[0]).toBe("1.25-perl"));
    await user.click(screen.getByRole("button", { name: /Read the other/ }));
    await waitFor(() => expect(screen.queryByText(/Sizes are known of/)).toBeNull(), { timeout: 20_000 });
  });

  it("groups tags of one digest", async () => {
    const { user } = await draw("ghcr.io/owner/app");
    await grid();
    await settled();
    expect(rows().slice(0, 2)).toEqual(["v2.1.0", "latest"]);
    await user.click(screen.getByRole("button", { name: /Sort by tag/ }));
    await waitFor(() => expect(rows().indexOf("latest") - rows().indexOf("v2.1.0")).not.toBe(1));
    await user.click(screen.getByRole("button", { name: "Group by digest" }));
    await waitFor(() => expect(Math.abs(rows().indexOf("latest") - rows().indexOf("v2.1.0"))).toBe(1));
  });

  it("keeps only tags of a platform, of those it knows", async () => {
    const { user } = await draw("ghcr.io/owner/app");
    await grid();
    await settled();
    await user.click(screen.getByRole("button", { name: "Any platform" }));
    await user.click(await screen.findByRole("menuitem", { name: "linux/arm64" }));
    await waitFor(() => expect(rows()).toEqual(["v2.1.0", "latest", "v2.0.3"]));
  });

  it("says what can't be described in its row, and asks again", async () => {
    const { user, asked } = await draw("ghcr.io/owner/app", { tagFaults: { latest: fault("rate_limited", "`ghcr.io` asks you to wait") } });
    await grid();
    const row = await screen.findByRole("row", { name: /^latest, ghcr.io asks you to wait/ });
    const before = asked("describe_tags").length;
    await user.click(within(row).getByRole("button", { name: "Ask again" }));
    expect(asked("describe_tags").length).toBe(before + 1);
  });

  it("says that a repository is not there, and one with no tags", async () => {
    const { app, user, asked } = await draw("ghcr.io/owner/none");
    expect(await screen.findByRole("alert")).toBeInTheDocument();
    expect(screen.getAllByText(/is not there, or may not be seen/).length).toBeGreaterThan(0);
    const before = asked("open_repository").length;
    await user.click(screen.getByRole("button", { name: /Try again/ }));
    await waitFor(() => expect(asked("open_repository").length).toBe(before + 1));
    app.openRepository("localhost:5000/base");
    expect(await screen.findByText("No tags in localhost:5000/base")).toBeInTheDocument();
  });

  it("is asked for again with F5, the old rows still there", async () => {
    const { user, asked } = await draw("nginx");
    await grid();
    await settled();
    await user.keyboard("{F5}");
    expect(rows()[0]).toBe("latest");
    await waitFor(() => expect(asked("open_repository")).toHaveLength(2));
    await waitFor(() => expect(asked("close_repository")).toEqual([{ id: 1 }]));
  });

  it("is found again as it was left", async () => {
    const { app, user, asked } = await draw("nginx");
    await grid();
    await user.keyboard("/perl");
    await waitFor(() => expect(rows()[0]).toBe("1.25-perl"));
    app.go({ kind: "images" });
    app.back();
    expect(await screen.findByRole("textbox", { name: "Filter tags" })).toHaveValue("perl");
    expect(asked("open_repository")).toHaveLength(1);
  });

  it("is closed on the other side when three newer ones are open", async () => {
    const { app, asked } = await draw("nginx");
    await grid();
    for (const name of ["team/app", "team/worker", "load/huge"]) {
      app.openRepository(`localhost:5000/${name}`);
      await screen.findByRole("grid", { name: `Tags of localhost:5000/${name}` });
    }
    await waitFor(() => expect(asked("close_repository")).toEqual([{ id: 1 }]));
  });
});

describe("the keyboard", () => {
  it("walks, opens, chooses and extends", async () => {
    const { app, user } = await draw("nginx");
    (await grid()).focus();
    await settled();
    await user.keyboard("{ArrowDown} ");
    expect(screen.getByRole("row", { name: /^mainline,/ })).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
    expect(screen.getByRole("toolbar", { name: /chosen tags/ })).toHaveTextContent("3 tags 1 digest, 71.0 MB");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("toolbar", { name: /chosen tags/ })).toBeNull();
    await user.keyboard("al");
    expect(screen.getByRole("grid")).toHaveAttribute("aria-activedescendant", screen.getByRole("row", { name: /^alpine,/ }).id);
    await user.keyboard("{Enter}");
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "nginx:alpine", from: "registry" });
  });

  it("chooses everything as a rule, which a new filter ends", async () => {
    const { app, user } = await draw("nginx");
    (await grid()).focus();
    await waitFor(() => expect(screen.getByRole("grid")).toHaveAttribute("aria-rowcount", "1037"));
    await user.keyboard("{Control>}a{/Control}");
    expect(screen.getByRole("toolbar", { name: /chosen tags/ })).toHaveTextContent("1,036 tags Everything that the filter finds");
    expect(screen.getByRole("checkbox", { name: "Choose all tags" })).toHaveAttribute("aria-checked", "true");
    await user.click(screen.getByRole("checkbox", { name: "Choose latest" }));
    expect(screen.getByRole("toolbar", { name: /chosen tags/ })).toHaveTextContent("1,035 tags");
    await user.keyboard("/perl");
    await waitFor(() => expect(screen.queryByRole("toolbar", { name: /chosen tags/ })).toBeNull());
    expect(app.announcement).toMatch(/Nothing is chosen any more/);
  });

  it("opens the row's menu, whose items are said why where they can't be done", async () => {
    const { app, user } = await draw("ghcr.io/owner/app", { tagFaults: { "v2.1.0": fault("timeout", "no answer") } });
    (await grid()).focus();
    await screen.findByRole("row", { name: /^v2.1.0, no answer/ });
    await user.keyboard("{Shift>}{F10}{/Shift}");
    expect(await screen.findByRole("menu", { name: "More about v2.1.0" })).toBeInTheDocument();
    expect(screen.getByRole("menuitem", { name: /Copy digest/ })).toHaveTextContent("Its details are not read yet");
    await user.click(screen.getByRole("menuitem", { name: /Retag…/ }));
    await waitFor(() => expect(app.dialogs.current).toEqual({ kind: "retag", reference: "ghcr.io/owner/app:v2.1.0" }));
  });
});

describe("chosen tags", () => {
  const chosen = async (...tags: string[]) => {
    const drawn = await draw("127.0.0.1:5055/web");
    await grid();
    await settled();
    for (const tag of tags) await drawn.user.click(screen.getByRole("checkbox", { name: `Choose ${tag}` }));
    return drawn;
  };
  it("are compared where they are two", async () => {
    const { app, user } = await chosen("2.0");
    const compare = screen.getByRole("button", { name: "Compare" });
    expect(compare).toBeDisabled();
    expect(compare).toHaveAttribute("title", "Choose two tags to compare them");
    await user.click(screen.getByRole("checkbox", { name: "Choose 2.1" }));
    await user.click(compare);
    await waitFor(() => expect(app.navigation.page).toMatchObject({ kind: "compare", a: { input: "127.0.0.1:5055/web:2.0" }, b: { input: "127.0.0.1:5055/web:2.1" } }));
  });
  it("are pulled, one transfer each", async () => {
    const { app, user, asked } = await chosen("2.0", "2.1");
    await user.click(screen.getByRole("button", { name: "Pull 2" }));
    await waitFor(() => expect(app.navigation.page).toMatchObject({ kind: "transfers", job: 1 }));
    expect((asked("start_pull") as { request: { input: string } }[]).map(({ request }) => request.input)).toEqual(["127.0.0.1:5055/web:2.0", "127.0.0.1:5055/web:2.1"]);
  });
  it("are copied by full names", async () => {
    const { app, user } = await chosen("2.0", "2.1");
    await user.click(screen.getByRole("button", { name: "Copy to…" }));
    await waitFor(() => expect(app.dialogs.current).toEqual({ kind: "copy", references: ["127.0.0.1:5055/web:2.0", "127.0.0.1:5055/web:2.1"] }));
  });
  it("of a rule become names only when something is done", async () => {
    const { app, user } = await draw("nginx");
    (await grid()).focus();
    await waitFor(() => expect(screen.getByRole("grid")).toHaveAttribute("aria-rowcount", "1037"));
    await user.keyboard("{Control>}a{/Control}");
    await user.click(screen.getByRole("checkbox", { name: "Choose latest" }));
    await user.click(screen.getByRole("button", { name: "Delete…" }));
    await waitFor(() => expect(app.dialogs.current?.kind).toBe("delete"));
    const { tags } = app.dialogs.current as { tags: string[] };
    expect([tags.length, tags.includes("latest"), tags[0]]).toEqual([1035, false, "mainline"]);
  });
});

describe("pulling all tags", () => {
  it("says how many and what is not known first", async () => {
    const { user, asked } = await draw("nginx");
    await grid();
    await user.click(screen.getByRole("button", { name: "Pull all tags…" }));
    const dialog = screen.getByRole("dialog", { name: "Pull all tags of nginx?" });
    expect(dialog).toHaveTextContent(/1,036 tags, for linux\/amd64/);
    expect(dialog).toHaveTextContent(/The registry allows 198 more pulls for now/);
    expect(asked("start_pull")).toHaveLength(0);
    await user.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(asked("start_pull")).toHaveLength(0);
  });
});

describe("the header's menu", () => {
  it("pins the repository, and copies its name", async () => {
    const { app, user } = await draw("nginx");
    await grid();
    await user.click(screen.getByRole("button", { name: "More about this repository" }));
    await user.click(await screen.findByRole("menuitem", { name: "Pin to the sidebar" }));
    await waitFor(() => expect(app.settings.value.pinned).toEqual(["docker.io/library/nginx"]));
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await user.click(screen.getByRole("button", { name: "More about this repository" }));
    await user.click(await screen.findByRole("menuitem", { name: "Copy list command" }));
    await waitFor(() => expect(write).toHaveBeenCalledWith("skopeo list-tags docker://docker.io/library/nginx"));
  });
});
