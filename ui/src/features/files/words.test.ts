import { describe, expect, test } from "vitest";
import type { FileRow, FileVersion } from "../../ipc/bindings";
import { fetchedWords, filesCommand, iconOf, layerNumbers, rowLabel, versionOf } from "./words";

const ROW: FileRow = {
  node: 1, depth: 0, name: "package.json", kind: "file", change: "unchanged", layers: [6], size: 1214, mode: "-rw-r--r--", uid: 0, gid: 0,
  link: null, open: false, children: 0, note: null, moved: null, odd: false, matched: true, position: 1, siblings: 1,
};

describe("layers of a place", () => {
  test.each([
    [[6], "6"],
    [[5, 6], "5, 6"],
    [[4, 5, 6], "4–6"],
    [[1, 3, 4, 5, 6], "1, 3–6"],
    [[1, 6], "1, 6"],
    [[1, 3, 5, 7, 9], "1, …, 9"],
    [[], ""],
  ])("%j are %s", (layers, words) => expect(layerNumbers(layers)).toBe(words));
});

describe("a row", () => {
  test.each<[string, Partial<FileRow>, string]>([
    ["plain", {}, "package.json, 1.2 kB, layer 6"],
    ["replaced", { change: "modified", layers: [5, 6] }, "package.json, modified, 1.2 kB, layers 5, 6"],
    ["a folder", { kind: "directory", children: 1, layers: [1, 2, 3] }, "package.json, folder with 1 entry, 1.2 kB, layers 1 to 3"],
    ["hidden", { change: "removed", note: "whiteout" }, "package.json, removed, whiteout, 1.2 kB, layer 6"],
    ["a link", { kind: "symlink", link: "../x" }, "package.json, symbolic link, to ../x, 1.2 kB, layer 6"],
    ["odd", { name: "a\u202egnp", odd: true }, "a\\u202egnp, its name is not what it seems, 1.2 kB, layer 6"],
  ])("is said: %s", (_, part, words) => expect(rowLabel({ ...ROW, ...part })).toBe(words));
  test.each<[Partial<FileRow>, string]>([
    [{}, "file-json"],
    [{ name: "run.sh" }, "file-code"],
    [{ name: "LICENSE" }, "file-text"],
    [{ change: "removed" }, "file-x"],
    [{ kind: "directory", open: true }, "folder-open"],
    [{ kind: "directory", change: "removed" }, "folder"],
    [{ kind: "hardlink" }, "link"],
    [{ kind: "block" }, "chip"],
  ])("%j has the icon %s", (part, icon) => expect(iconOf({ ...ROW, ...part })).toBe(icon));
});

describe("the version that is shown", () => {
  const history: FileVersion[] = [
    { layer: 7, what: "removed here", size: null, visible: false },
    { layer: 6, what: "hidden by layer 7", size: 12, visible: false },
    { layer: 5, what: "hidden by layer 7", size: 11, visible: false },
  ];
  test.each([
    ["the last with bytes", { kind: "merged" as const }, null, 6],
    ["up to the layer", { kind: "layer" as const, layer: 5 }, null, 5],
    ["what a whiteout hides", { kind: "layer" as const, layer: 7 }, null, 6],
    ["the newer end", { kind: "between" as const, from: 1, to: 5 }, null, 5],
    ["the layer that was asked for", { kind: "merged" as const }, 5, 5],
    ["any, where none is as low", { kind: "layer" as const, layer: 2 }, null, 6],
  ])("%s", (_, scope, layer, expected) => expect(versionOf(history, scope, layer)?.layer).toBe(expected));
  test("is none without bytes", () => expect(versionOf(history.slice(0, 1), { kind: "merged" }, null)).toBeNull());
});

test("what was fetched is said of layers that are in a registry, and of no others", () => {
  expect(fetchedWords({ fetched: 1_200_000, fetchable: 600_000_000 })).toBe("Fetched 1.2 MB of 600 MB so far");
  expect(fetchedWords({ fetched: 31_300, fetchable: 15_600 })).toBe("Fetched 31.3 kB so far: parts of 15.6 kB were read again");
  expect(fetchedWords({ fetched: null, fetchable: null })).toBeNull();
});

test("the command line says the layer, the platform and what is looked for", () => {
  const NO = { text: "", content: null };
  const of = { kind: "image" as const, input: "web:2.0", from: "auto" as const, platform: "linux/arm64" };
  expect(filesCommand(of, { kind: "layer", layer: 6 }, NO)).toBe("longshore files web:2.0 --layer 6 --platform linux/arm64");
  expect(filesCommand({ ...of, platform: null }, { kind: "merged" }, NO)).toBe("longshore files web:2.0 --merged");
  expect(filesCommand({ kind: "file", file: 1 }, { kind: "merged" }, NO)).toBeNull();
  expect(filesCommand({ ...of, platform: null }, { kind: "merged" }, { text: "*.so 1", content: "program" })).toBe("longshore files web:2.0 --merged --find '*.so 1' --content program");
});
