import { configure, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, test, vi } from "vitest";
import { fault, type FakeOptions } from "../../ipc/fake";
import type { DiffLine } from "../../ipc/bindings";
import { renderWindow } from "../../test/render";
import { isGap, pairs, sizeWords } from "./diff";

vi.setConfig({ testTimeout: 30_000 });
configure({ asyncUtilTimeout: 8000 });

const line = (a: number | null, b: number | null, text = ""): DiffLine => ({ a, b, text });

describe("two texts beside one another", () => {
  it("have what went beside what came", () => {
    const rows = pairs([line(1, 1), line(2, null), line(3, null), line(null, 2), line(4, 3)]);
    expect(rows.map(({ left, right }) => [left?.a ?? null, right?.b ?? null])).toEqual([[1, 1], [2, 2], [3, null], [4, 3]]);
  });
  test.each<[string, DiffLine[], boolean[]]>([
    ["nothing", [line(1, 1), line(2, 2)], [false, false]],
    ["the beginning", [line(7, 7)], [true]],
    ["equal lines", [line(1, 1), line(9, 9)], [false, true]],
    ["none where one side alone goes on", [line(1, 1), line(2, null), line(null, 2), line(3, 3)], [false, false, false, false]],
    ["what is before a removed line", [line(1, 1), line(5, null)], [false, true]],
  ])("leave out %s", (_, lines, expected) => expect(lines.map((_, at) => isGap(lines, at))).toEqual(expected));
});

test("sizes of a file that differs", () => {
  expect(sizeWords({ sizeA: 1100, sizeB: 1200 })).toBe("1.1 kB to 1.2 kB");
  expect(sizeWords({ sizeA: null, sizeB: 1200 })).toBe("1.2 kB");
  expect(sizeWords({ sizeA: 5, sizeB: 5 })).toBe("5 B");
});

describe("files on the comparison", () => {
  const draw = async (options: FakeOptions = {}) => {
    const drawn = await renderWindow(options);
    const side = (tag: string) => ({ input: `127.0.0.1:5055/hello:${tag}`, from: "auto" as const, platform: null });
    drawn.app.compare(side("1.0"), side("1.1"));
    const user = userEvent.setup();
    const section = within(await screen.findByRole("region", { name: "Files" }));
    return { ...drawn, user, section };
  };
  const list = () => screen.findByRole("listbox", { name: "Files that differ" });

  it("are read when asked for, and what it costs is said first", async () => {
    const { host, user, section } = await draw();
    expect(section.getByText(/At most 6\.4 MB are fetched/)).toBeInTheDocument();
    expect(host.calls.some(({ name }) => name === "compare_trees")).toBe(false);
    await user.click(section.getByRole("button", { name: "Compare files" }));
    expect(await section.findByText("2,004 files differ")).toBeInTheDocument();
    expect((await list()).querySelectorAll("[role=option]").length).toBeLessThan(80);
  });

  it("are kept by the kind of difference, walked by arrows, and set side by side", async () => {
    const { user, section, container } = await draw();
    await user.click(section.getByRole("button", { name: "Compare files" }));
    await list();
    await user.click(section.getByRole("button", { name: /changed 2/ }));
    await waitFor(() => expect(within(screen.getByRole("listbox", { name: "Files that differ" })).getAllByRole("option").map((each) => each.querySelector(".visually-hidden")?.textContent)).toEqual(["/app/package.json, changed, content, 1.1 kB to 1.2 kB", "/app/data/app.db, changed, mode -rw-r--r-- to -rw-------, 3.9 MB"]));
    (await list()).focus();
    await user.keyboard("{Enter}");
    expect(await screen.findByRole("group", { name: "Text of both, side by side" })).toBeInTheDocument();
    expect(container.querySelectorAll(".half.removed")).toHaveLength(1);
    expect(container.querySelectorAll(".half.added")).toHaveLength(2);
    await user.click(section.getByRole("button", { name: "Unified" }));
    expect(await screen.findByRole("group", { name: "Text of both, unified" })).toBeInTheDocument();
    expect(container.querySelectorAll(".line.added")).toHaveLength(2);
    (await list()).focus();
    await user.keyboard("{ArrowDown}");
    expect(await section.findByText("It is no text.")).toBeInTheDocument();
  });

  it("that can't be listed say why, and are asked for again", async () => {
    const { host, user, section } = await draw({ failing: { compare_trees: fault("archive_invalid", "Layer 2 is no tar") } });
    await user.click(section.getByRole("button", { name: "Compare files" }));
    expect(await section.findByText(/Layer 2 is no tar/)).toBeInTheDocument();
    const before = host.calls.filter(({ name }) => name === "compare_trees").length;
    await user.click(section.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "compare_trees").length).toBe(before + 1));
  });
});
