import { describe, expect, it } from "vitest";
import type { PlanBlob, PushPlan, TagMove } from "../../ipc/bindings";
import { explain } from "../../ipc/fake/reference";
import { blobsOf, confirmation, fateLook, fromLine, mountedFrom, nothingToDo, spokenBlob, totals } from "./plan";
import { allTargets, ownName, tagOf, targets, type KnownTargets } from "./targets";
import { tagCommand, taggedDoes, tagProblem } from "./tagging";

const digestOf = (fill: string) => `sha256:${fill.repeat(64 / fill.length)}`;
const blob = (fill: string, part: Partial<PlanBlob> = {}): PlanBlob => ({ digest: digestOf(fill), size: 1_000, kind: "layer", label: "COPY app /app", fate: "upload", mountFrom: null, ...part });
const move = (part: Partial<TagMove> = {}): TagMove => ({ tag: "v2", digest: digestOf("b4"), previous: null, state: "new", ...part });
const plan = (part: Partial<PushPlan> = {}): PushPlan => {
  const breakdown = explain("ghcr.io/myteam/myapp:v2").breakdown ?? expect.fail();
  return {
    source: "myapp:v2", destination: "ghcr.io/myteam/myapp:v2", breakdown, verb: "push", account: { account: "username", origin: "", mayPush: true, note: null }, repositoryExists: true,
    digest: digestOf("b4"), mediaType: "m", documents: 1, blobs: [], uploadBytes: 0, mountBytes: 0, existsBytes: 0, tags: [move()], platforms: [], lostPlatforms: [], warnings: [], command: "docker push", ...part,
  };
};

describe("totals", () => {
  const blobs = [blob("a"), blob("b", { fate: "mount", mountFrom: "myteam/worker", size: 30 }), blob("c", { fate: "exists", size: 5 }), blob("d", { fate: "mount", mountFrom: "myteam/base", size: 2 })];
  it("adds bytes by what becomes of them", () => {
    expect(totals(blobs)).toMatchObject({ upload: { bytes: 1_000, blobs: 1 }, mount: { bytes: 32, blobs: 2 }, exists: { bytes: 5, blobs: 1 }, all: 1_037 });
  });
  it("names the repositories that are mounted from, each once", () => {
    expect(mountedFrom([...blobs, blob("e", { fate: "mount", mountFrom: "myteam/base" })])).toEqual(["myteam/worker", "myteam/base"]);
    expect([fromLine([]), fromLine(["a/b"]), fromLine(["a/b", "c", "d"])]).toEqual(["the registry", "a/b", "a/b and 2 more"]);
  });
  it("moves a blob of several tags once, as the first of them says", () => {
    expect(blobsOf([plan({ blobs: [blob("a")] }), plan({ blobs: [blob("a", { fate: "exists" }), blob("b")] })]).map(({ digest, fate }) => [digest, fate])).toEqual([[digestOf("a"), "upload"], [digestOf("b"), "upload"]]);
  });
});

describe("what becomes of a blob", () => {
  it.each<[name: string, part: Partial<PlanBlob>, word: string]>([
    ["there", { fate: "exists" }, "Layer already exists"],
    ["mounted", { fate: "mount", mountFrom: "myteam/worker" }, "Mounted from myteam/worker"],
    ["mounted from somewhere", { fate: "mount" }, "Mounted"],
    ["uploaded", {}, "Will be uploaded"],
  ])("%s", (_, part, word) => expect(fateLook(blob("a", part)).word).toBe(word));
  it("is told apart by icon, not by colour alone", () => {
    expect(new Set((["exists", "mount", "upload"] as const).map((fate) => fateLook(blob("a", { fate })).icon)).size).toBe(3);
  });
  it("is spoken whole", () => expect(spokenBlob(blob("ab", { kind: "config", label: "" }))).toBe("Config abababababab, 1.0 kB, Will be uploaded"));
});

describe("what has to be confirmed", () => {
  const moves = (tag: string) => move({ tag, previous: digestOf("04e1c3aa"), state: "moves" });
  it("is nothing where a tag is new or the same, and no platform goes", () => {
    expect(confirmation([plan(), plan({ tags: [move({ state: "same" })] })])).toBeNull();
  });
  it("is a tag that moves, with the digest that it leaves", () => expect(confirmation([plan({ tags: [moves("v2")] })])).toBe("Move `v2` from 04e1c3aa to this image"));
  it("are several tags", () => expect(confirmation([plan({ tags: [moves("v2"), moves("v3")] }), plan({ tags: [moves("v4")] })])).toBe("Move 3 tags to other images"));
  it("are platforms that are lost", () => {
    expect(confirmation([plan({ lostPlatforms: ["linux/arm64"] })])).toBe("Leave linux/arm64 without an image");
    expect(confirmation([plan({ lostPlatforms: ["a", "b", "c"] })])).toBe("Leave 3 platforms without an image");
  });
  it("are both, in one sentence", () => {
    expect(confirmation([plan({ tags: [moves("v2")], lostPlatforms: ["linux/arm64", "linux/386"] })])).toBe("Move `v2` from 04e1c3aa to this image, and leave linux/arm64 and linux/386 without an image");
  });
});

it("says when a push would change nothing", () => {
  expect(nothingToDo([plan({ tags: [move({ state: "same" })], existsBytes: 9 })])).toBe(true);
  expect(nothingToDo([plan({ tags: [move({ state: "same" })], uploadBytes: 1 })])).toBe(false);
  expect(nothingToDo([plan({ tags: [move({ state: "new" })] })])).toBe(false);
  expect(nothingToDo([])).toBe(false);
});

describe("destinations that are offered", () => {
  const known: KnownTargets = {
    source: "docker.io/library/nginx:1.25",
    tagged: true,
    registries: [
      { host: "docker.io", label: "Docker Hub", kind: "hub", state: "anonymous", account: null },
      { host: "ghcr.io", label: "ghcr.io", kind: "ghcr", state: "account", account: "UserName" },
      { host: "nas:5000", label: "nas:5000", kind: "other", state: "plain", account: null },
      { host: "127.0.0.1:5055", label: "Practice registry", kind: "practice", state: "practice", account: null },
    ],
    pinned: ["ghcr.io/team/base"],
    recent: ["nginx:1.25", "quay.io/team/nginx:3", "ghcr.io/"],
  };
  const names = (part: Partial<KnownTargets> = {}) => allTargets({ ...known, ...part }).map(({ name }) => name);
  it("are accounts first, in lower case as names are, then what needs none; never the official image itself", () => {
    expect(names()).toEqual(["ghcr.io/username/nginx:1.25", "127.0.0.1:5055/nginx:1.25", "nas:5000/nginx:1.25", "ghcr.io/team/base:1.25", "quay.io/team/nginx:1.25"]);
  });
  it("have one's own repository on Docker Hub once one is signed in", () => {
    expect(names({ registries: [{ host: "docker.io", label: "Docker Hub", kind: "hub", state: "account", account: "me" }], pinned: [], recent: [] })).toEqual(["me/nginx:1.25"]);
  });
  it("begin with an image's own name, and leave a registry out that does not run", () => {
    expect(names({ source: "docker.io/me/app:1", registries: [{ host: "h", label: "h", kind: "practice", state: "stopped", account: null }], pinned: [], recent: [] })).toEqual(["me/app:1"]);
  });
  it("have no tag where each tag keeps its own", () => expect(names({ tagged: false })[0]).toBe("ghcr.io/username/nginx"));
  it("fit what is typed", () => {
    expect(targets("nas", known).map(({ name }) => name)).toEqual(["nas:5000/nginx:1.25"]);
    expect(targets("ghcr.io/t", known).map(({ name }) => name)).toEqual(["ghcr.io/team/base:1.25"]);
    expect(targets("quay.io/team/nginx:1.25", known)).toEqual([]);
    expect(targets("", known)).toHaveLength(5);
  });
  it("an image's own name is where a push goes, but never to an official image", () => {
    expect(ownName("docker.io/me/app:1", "me/app:1", true)).toBe("me/app:1");
    expect(ownName("docker.io/me/app:1", "me/app:1", false)).toBe("me/app");
    expect(ownName("docker.io/library/nginx:1", "nginx:1", true)).toBe("");
  });
  it("tags are found behind ports and before digests", () => expect(["nas:5000/a", "nas:5000/a:1", "a:1@sha256:00"].map(tagOf)).toEqual([null, "1", "1"]));
});

describe("a name that is given", () => {
  it.each([
    ["v1.2_3-x", null],
    ["-v", /begins with none/],
    ["v 1", /letters, digits/],
    ["other/app:1", /A tag alone/],
    ["x".repeat(129), /at most 128/],
  ])("the tag %o", (typed, problem) => {
    const said = tagProblem("registry", typed, null);
    if (problem === null) expect(said).toBeNull();
    else expect(said).toMatch(problem);
  });
  it("on this computer is what Rust says of it, and no digest", () => {
    expect(tagProblem("store", "My", explain("My"))).toBe("A repository name is lower case. Try `my`");
    expect(tagProblem("store", "a@b", explain(`a@${digestOf("a")}`))).toMatch(/computed, not given/);
    expect(tagProblem("store", "my:1", explain("my:1"))).toBeNull();
  });
  it("has its line in a terminal, and its sentence", () => {
    expect([tagCommand("store", "a:1", "b:2"), tagCommand("registry", "h/a:1", "2"), tagCommand("store", "a", "")]).toEqual(["docker tag a:1 b:2", "crane tag h/a:1 2", ""]);
    expect(taggedDoes({ name: "h/a:2", digest: digestOf("a"), previous: digestOf("b"), done: true }, "a:1")).toBe("h/a:2 moved from bbbbbbbbbbbb to a:1");
    expect(taggedDoes({ name: "h/a:2", digest: digestOf("a"), previous: null, done: true }, "a:1")).toBe("h/a:2 names a:1 too");
  });
});
