import { describe, expect, test } from "vitest";
import { CATALOG, practiceImage } from "../../ipc/fake/catalog";
import type { PracticeImage } from "../../ipc/bindings";
import { firstToPull, layOut } from "./quay";
import { thingsToTry } from "./tries";

const shelf = CATALOG.map((image) => practiceImage(image, new Set(), false));
const names = (images: PracticeImage[]) => images.map(({ repository, tag }) => `${repository}:${tag}`);

function image(name: string, layers: [digest: string, size: number][], part: Partial<PracticeImage> = {}): PracticeImage {
  const [repository = "", tag = ""] = name.split(":");
  const size = layers.reduce((sum, [, bytes]) => sum + bytes, 0);
  return {
    reference: `h/${name}`, repository, tag, about: "", platforms: ["linux/amd64"], size, missing: size, local: false,
    layers: layers.map(([digest, bytes]) => ({ digest, size: bytes, label: digest, presentLocally: false })),
    ...part,
  };
}

describe("the quay", () => {
  test("a base that four images share is one slab across them", () => {
    const { slabs } = layOut(shelf, 200);
    const base = slabs.find(({ base: shared }) => shared);
    expect(base).toMatchObject({ column: 0, span: 4, bottom: 0 });
    const runtime = slabs.find(({ layer }) => layer.label === "runtime");
    expect(runtime).toMatchObject({ column: 2, span: 2, bottom: (base?.height ?? 0) + 2 });
    expect(slabs.filter(({ layer }) => layer.label === "base" && layer.size === 2_800_000)).toHaveLength(1);
  });

  test("heights are to scale", () => {
    const { slabs } = layOut(shelf, 200);
    const height = (label: string) => slabs.find(({ layer }) => layer.label === label)?.height ?? 0;
    expect(height("runtime") / height("base")).toBeCloseTo(5.1 / 2.8, 1);
    expect(height("amd64") / height("runtime")).toBeCloseTo(1.3 / 5.1, 1);
  });

  test("the tallest stack fits, and the thinnest slab is still seen", () => {
    const quay = layOut([image("big:1", [["a", 1e9], ["b", 1]])], 200);
    expect(quay.slabs.map(({ height }) => height)).toEqual([198, 4]);
    expect(quay.height).toBeLessThanOrEqual(206);
  });

  test("images that share are put side by side", () => {
    const mixed = [image("a:1", [["x", 5], ["p", 1]]), image("b:1", [["y", 5]]), image("c:1", [["x", 5], ["q", 1]])];
    const quay = layOut(mixed, 100);
    expect(names(quay.images)).toEqual(["a:1", "c:1", "b:1"]);
    expect(quay.slabs.find(({ layer }) => layer.digest === "x")?.span).toBe(2);
  });

  test("a layer shared above different bases is no common slab", () => {
    const quay = layOut([image("a:1", [["x", 5], ["top", 3]]), image("b:1", [["y", 5], ["top", 3]])], 100);
    expect(quay.slabs.filter(({ layer }) => layer.digest === "top").map(({ span }) => span)).toEqual([1, 1]);
  });

  test("a multi-platform image stands alone, its first platform on top", () => {
    const quay = layOut(shelf, 200);
    const column = quay.images.findIndex(({ repository }) => repository === "multi");
    const own = quay.slabs.filter((slab) => slab.column === column);
    expect(own.map(({ layer, span }) => [layer.label, span])).toEqual([["arm/v7", 1], ["arm64", 1], ["amd64", 1]]);
    expect(own.map(({ top }) => top)).toEqual([false, false, true]);
  });

  test("the same layer twice in one image, and no images at all, are drawn", () => {
    expect(layOut([image("a:1", [["x", 5], ["x", 5]])], 100).slabs.map(({ level }) => level)).toEqual([0, 1]);
    expect(layOut([], 100)).toEqual({ images: [], slabs: [], height: 0 });
    expect(layOut([image("scratch:1", [])], 100).slabs).toEqual([]);
  });
});

describe("what to begin with", () => {
  test("the first of the large ones that share", () => expect(firstToPull(shelf)?.reference).toContain("web:2.0"));
  test("what is here is not offered again", () => {
    const here = shelf.map((entry) => ({ ...entry, local: entry.reference.endsWith("web:2.0") }));
    expect(firstToPull(here)?.reference).toContain("web:2.1");
    expect(firstToPull(shelf.map((entry) => ({ ...entry, local: true })))).toBeNull();
  });
  test("things to try are counted from what is there", () => {
    const tries = thingsToTry({ host: "h", images: shelf });
    expect(tries.map((entry) => `${entry.before}${entry.name}${entry.after}`)).toEqual([
      "Pull web:2.0 and watch the requests it makes",
      "Pull web:2.1: two of three layers are skipped",
      "Pull multi:1.0 for all three platforms",
      "See how files:1.0 changes one file and deletes another",
    ]);
    expect(thingsToTry({ host: "h", images: [] })).toEqual([]);
  });
});
