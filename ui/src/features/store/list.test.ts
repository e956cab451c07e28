import { describe, expect, it } from "vitest";
import type { LocalImage } from "../../ipc/bindings";
import { imageDetail, layer } from "../layers/layer.fixture";
import { filtered, knots, platformWords, sorted, turned, typedAhead } from "./list";
import { removalOf } from "./removal";

const image = (familiar: string, change: Partial<LocalImage> = {}): LocalImage => ({
  reference: `docker.io/library/${familiar}`, familiar, registry: "docker.io", path: `library/${familiar.split(":")[0] ?? ""}`, tag: familiar.split(":")[1] ?? null,
  digest: `sha256:${familiar.length}`, mediaType: "x", platforms: ["linux/amd64"], size: 1, created: null, pulledAt: null, ...change,
});
const names = (images: LocalImage[]) => images.map((each) => each.familiar);
const all = [image("nginx:1.9"), image("nginx:1.25"), image("alpine:3", { platforms: ["linux/arm64"], size: 9, pulledAt: "2026-11-20T00:00:00Z" })];

describe("filtered", () => {
  it("finds every word, in any order and case", () => {
    expect(names(filtered(all, "ARM64 alp"))).toEqual(["alpine:3"]);
    expect(names(filtered(all, "nginx arm64"))).toEqual([]);
    expect(filtered(all, "  ")).toHaveLength(3);
  });
});

describe("sorted", () => {
  it("orders versions as people do", () => expect(names(sorted(all, { column: "name", down: false }))).toEqual(["alpine:3", "nginx:1.9", "nginx:1.25"]));
  it("puts the largest and the newest first", () => {
    expect(names(sorted(all, { column: "size", down: true }))[0]).toBe("alpine:3");
    expect(names(sorted(all, { column: "pulled", down: true }))[0]).toBe("alpine:3");
  });
  it("keeps equals by name whatever the direction", () => {
    expect(names(sorted(all, { column: "size", down: false }))).toEqual(["nginx:1.9", "nginx:1.25", "alpine:3"]);
    expect(names(sorted(all, { column: "size", down: true })).slice(1)).toEqual(["nginx:1.9", "nginx:1.25"]);
  });
  it("turns at a second click", () => {
    expect(turned({ column: "name", down: false }, "size")).toEqual({ column: "size", down: true });
    expect(turned({ column: "size", down: true }, "size")).toEqual({ column: "size", down: false });
    expect(turned({ column: "size", down: true }, "name")).toEqual({ column: "name", down: false });
  });
});

it("joins adjacent rows with one digest", () => {
  const one = { digest: "sha256:aa" };
  expect(knots([image("a", one), image("b", one), image("c", one), image("d"), image("e", one)])).toEqual(["first", "mid", "last", "none", "none"]);
});

describe("typedAhead", () => {
  const rows = [image("alpine:3"), image("nginx:1.9"), image("nginx:1.25")];
  it("goes to the next row with that letter, and around", () => {
    expect(typedAhead(rows, 1, "n")).toBe(2);
    expect(typedAhead(rows, 2, "n")).toBe(1);
  });
  it("stays while more letters fit", () => expect(typedAhead(rows, 1, "ng")).toBe(1));
  it("finds a repository behind its registry", () => {
    expect(typedAhead([image("x"), image("ghcr.io/team/app:1", { path: "team/app" })], 0, "ap")).toBe(1);
  });
  it("finds nothing where there is nothing", () => expect(typedAhead(rows, 0, "zz")).toBe(-1));
});

it("names two platforms and counts the rest", () => {
  expect(platformWords(["linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"])).toEqual({ first: "amd64", second: "arm64", more: 2 });
  expect(platformWords(["windows/amd64"])).toEqual({ first: "windows/amd64", second: "", more: 0 });
});

describe("removalOf", () => {
  const own = layer(1, { size: 100, presentLocally: true });
  const shared = layer(2, { size: 40, presentLocally: true, alsoIn: ["alpine:3"] });
  it("frees what no other image has", () => {
    expect(removalOf(all, ["docker.io/library/nginx:1.25"], [imageDetail({ layers: [own, shared] })])).toEqual({
      names: ["nginx:1.25"], staying: [], freed: 100, kept: 40,
    });
  });
  it("frees nothing while another name stays", () => {
    const twins = [image("a:1", { digest: "sha256:aa" }), image("a:2", { digest: "sha256:aa" })];
    expect(removalOf(twins, ["docker.io/library/a:1"], [imageDetail({ layers: [own] })])).toEqual({ names: ["a:1"], staying: ["a:2"], freed: 0, kept: 100 });
  });
  it("frees what is shared by those that go together", () => {
    expect(removalOf(all, ["docker.io/library/nginx:1.25", "docker.io/library/alpine:3"], [imageDetail({ layers: [shared] })]).freed).toBe(40);
  });
});
