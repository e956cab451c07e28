import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, test, vi } from "vitest";
import type { FilePreview, HexPage, Package } from "../../../ipc/bindings";
import { hexPage, preview as fakePreview } from "../../../ipc/fake/filePreviews";
import { everyNode, MADE, pathOf } from "../../../ipc/fake/fileTree";
import { asciiText, hexText, parseOffset } from "./hex";
import { highlight, lines, MOST, newLines } from "./highlight";
import { sortPackages } from "./packages";
import Preview from "./Preview.svelte";

const node = (path: string) => everyNode().find((id) => id < MADE && pathOf(id) === path) ?? 0;
const draw = (preview: FilePreview, part: { changed?: Set<number>; load?: (offset: number) => Promise<HexPage> } = {}) => {
  const load = vi.fn(part.load ?? (() => Promise.reject(new Error("not asked"))));
  return { ...render(Preview, { props: { preview, name: "it", changed: part.changed ?? null, load } }), load };
};

describe("what comes from a layer is never run and never drawn as markup", () => {
  test.each([
    ["HTML", "/app/index.html", '<h1 id="bold">Hello</h1>'],
    ["SVG", "/app/drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit = 3">'],
  ])("f120_%s is shown as text", async (_, path, words) => {
    const { container } = draw(fakePreview(node(path), null));
    // Also once the colours are there.
    await waitFor(() => expect(container.querySelector(".tx .key")).not.toBeNull(), { timeout: 10_000 });
    expect(container.querySelector(".text")?.textContent).toContain(words);
    expect(container.querySelector("h1, svg, script, img, #bold, circle")).toBeNull();
    expect((window as { hit?: number }).hit).toBeUndefined();
  });

  test("f120_an image that could act is not drawn", () => {
    const { container } = draw({ kind: "image", mime: "image/svg+xml", base64: btoa("<svg/>"), width: 1, height: 1 });
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByText(/is not drawn/)).toBeInTheDocument();
  });

  test("f118_escape codes, direction marks and zero widths of a file are written out", () => {
    const { container } = draw(fakePreview(node("/app/colours.log"), null));
    const text = container.querySelector(".tx")?.textContent ?? "";
    expect(text).toBe("\\u001b[31mred\\u001b[0m and \\u202egnp.exe and zero\\u200bwidth");
    expect(container.querySelector(".tx")?.tagName).toBe("BDI");
  });

  test("f118_a line without end is cut", () => {
    const { container } = draw({ kind: "text", text: "x".repeat(1_000_000), language: null, whole: true, size: 1_000_000 });
    expect(container.querySelector(".tx")?.textContent.length).toBeLessThan(4_100);
    expect(container.querySelector(".tx")?.textContent).toMatch(/996,000 more characters/);
  });
});

describe("text", () => {
  it("has numbers, colours, and marks on lines that an older layer has not", async () => {
    const { container } = draw(fakePreview(node("/app/package.json"), 6), { changed: new Set([2]) });
    expect([...container.querySelectorAll(".ln")].slice(0, 3).map((each) => each.textContent)).toEqual(["1", "2", "3"]);
    expect(container.querySelectorAll(".line.ch")).toHaveLength(1);
    await waitFor(() => expect(container.querySelectorAll(".tx .key").length).toBeGreaterThan(0), { timeout: 10_000 });
  });
  it("says when it is not whole", () => {
    draw({ kind: "text", text: "a", language: null, whole: false, size: 12_000_000 });
    expect(screen.getByText(/The first 1 B of 12.0 MB/)).toBeInTheDocument();
  });
  it("of many lines holds those on screen alone", () => {
    const { container } = draw({ kind: "text", text: "line\n".repeat(100_000), language: null, whole: true, size: 500_000 });
    expect(container.querySelectorAll(".line").length).toBeLessThan(120);
  });
});

describe("colours", () => {
  it("are tokens by line that join to the text again", async () => {
    const text = 'const a = `b\nc`; // "d"\n';
    const found = await highlight(text, "javascript");
    expect(found?.map((line) => line.map((token) => token.text).join("")).join("\n")).toBe(text);
    expect(found?.[1]?.find(({ text: part }) => part.startsWith("//"))?.kind).toBe("comment");
    expect(found?.[1]?.[0]?.kind).toBe("string");
  });
  it("follow the host's names of languages", async () => {
    for (const language of ["shell", "json", "html", "python", "dockerfile", "yaml", "toml"]) expect(await highlight("a", language), language).not.toBeNull();
    expect(await highlight("a", "klingon")).toBeNull();
    expect(await highlight("a", null)).toBeNull();
  });
  it("are left out where they would take long", async () => expect(await highlight(" ".repeat(MOST + 1), "json")).toBeNull());
  it("take the kind of the innermost name that has one", () => {
    const tree = { children: [{ type: "element" as const, tagName: "span", properties: { className: ["hljs-string"] }, children: [{ type: "text" as const, value: "a" }, { type: "element" as const, tagName: "span", properties: { className: ["hljs-subst"] }, children: [{ type: "text" as const, value: "b" }] }] }] };
    expect(lines(tree)).toEqual([[{ text: "a", kind: "string" }, { text: "b", kind: "string" }]]);
  });
});

test("new lines are those that the older text has not", async () => {
  expect([...(await newLines("a\nb\nc", "a\nB\nc\nd"))]).toEqual([2, 4]);
  expect((await newLines("a\nb", "a")).size).toBe(0);
});

describe("bytes", () => {
  test.each<[number[], string, string]>([
    [[0x7f, 0x45, 0x4c, 0x46], "7f 45 4c 46            ", ".ELF"],
    [[0, 255], "00 ff                  ", ".."],
  ])("%j", (bytes, hex, ascii) => {
    expect(hexText(Uint8Array.from(bytes), 8)).toBe(hex);
    expect(asciiText(Uint8Array.from(bytes))).toBe(ascii);
  });
  test.each([["0x10", 16], ["1,024", 1024], [" 5 ", 5], ["99", null], ["x", null], ["-1", null]])("%s is byte %s", (text, byte) => expect(parseOffset(text, text === "99" ? 99 : 5000)).toBe(byte));

  it("are fetched by the page as they are gone to", async () => {
    const id = node("/usr/bin/node");
    const user = userEvent.setup();
    const { container, load } = draw({ kind: "hex", what: "Data", hex: hexPage(id, null, 0) }, { load: (offset) => Promise.resolve(hexPage(id, null, offset)) });
    expect(container.querySelector(".line")?.textContent).toMatch(/^00000000.*00 01 02 03/);
    expect(container.querySelectorAll(".line").length).toBeLessThan(120);
    await user.type(screen.getByRole("textbox", { name: "Go to byte" }), "0x1000000{Enter}");
    expect(await screen.findByText("Part 3 of 12")).toBeInTheDocument();
    await waitFor(() => expect(load).toHaveBeenCalledWith(0x1000000));
    await waitFor(() => expect(container.querySelector(".line")?.textContent).toMatch(/^01000000.*00 01 02/));
    await user.clear(screen.getByRole("textbox", { name: "Go to byte" }));
    await user.type(screen.getByRole("textbox", { name: "Go to byte" }), "99999999{Enter}");
    expect(screen.getByRole("alert")).toHaveTextContent("Type a byte below 98,000,000");
  });
  it("that can't be read are said", async () => {
    const id = node("/usr/bin/node");
    draw({ kind: "hex", what: "Data", hex: { ...hexPage(id, null, 0), base64: "" , offset: 65_536 } }, { load: () => Promise.reject(new Error("The registry went away")) });
    const user = userEvent.setup();
    await user.type(screen.getByRole("textbox", { name: "Go to byte" }), "0x1000000{Enter}");
    expect(await screen.findByText("The registry went away")).toBeInTheDocument();
  });
});

describe("packages", () => {
  const some: Package[] = [["b", "1.10", 5], ["a", "1.9", null], ["c", "1.9", 9]].map(([name, version, size]) => ({ name: String(name), version: String(version), architecture: null, licence: null, size: size as number | null }));
  const names = (order: Parameters<typeof sortPackages>[1]) => sortPackages(some, order).map(({ name }) => name).join("");
  test.each([["name", false, "abc"], ["version", false, "acb"], ["version", true, "bac"], ["size", true, "cba"], ["size", false, "bca"]] as const)("by %s, descending %s", (by, descending, expected) => expect(names({ by, descending })).toBe(expected));
  it("are sorted by the heads of their columns", async () => {
    const user = userEvent.setup();
    draw(fakePreview(node("/var/lib/dpkg/status"), null));
    const first = () => screen.getAllByRole("row")[0]?.textContent ?? "";
    expect(first()).toContain("adduser");
    await user.click(screen.getByRole("button", { name: "Sort by size" }));
    expect(first()).toContain("tar");
    expect(screen.getByRole("button", { name: "Sort by size, now descending" })).toBeInTheDocument();
  });
});

test("a program has its headers and what it needs", () => {
  draw(fakePreview(node("/usr/bin/node"), null));
  expect(screen.getByText("x86-64")).toBeInTheDocument();
  expect(screen.getByText("libstdc++.so.6")).toBeInTheDocument();
});
