import { describe, expect, it } from "vitest";
import type { DeletePlan, TagRow } from "../../ipc/bindings";
import { blast, commandFor, deleted, explainModes, sentence, wordToType } from "./delete";
import { chosenCount, chosenFacts, EVERYTHING, headBox, isChosen, NOTHING, rememberRows, toggled, withTags } from "./selection";
import { gauge, kindWord, knotOf, oddity, tagCount, turned, unknownNote } from "./table";

const row = (tag: string, change: Partial<TagRow> = {}): TagRow => ({
  tag, digest: `sha256:${tag}`, mediaType: null, kind: "image", platforms: ["linux/amd64"], size: 10, updated: null, local: "absent", fault: null, knot: null, ...change,
});

describe("a knot", () => {
  const same = { digest: "sha256:aa" };
  it("joins neighbours with one digest", () => {
    const [a, b, c] = [row("a", same), row("b", same), row("c", same)];
    expect([knotOf(null, a, b), knotOf(a, b, c), knotOf(b, c, row("d")), knotOf(c, row("d"), null)]).toEqual(["first", "mid", "last", "none"]);
  });
  it("joins nothing whose digest is not known", () => {
    const unread = row("a", { digest: null });
    expect(knotOf(unread, row("b", { digest: null }), unread)).toBe("none");
  });
});

describe("a column's head", () => {
  it("turns from its first order to the other, and back to the registry's", () => {
    const first = turned({ sort: "registry", descending: false }, "updated");
    const second = turned(first, "updated");
    expect([first, second, turned(second, "updated")]).toEqual([
      { sort: "updated", descending: true }, { sort: "updated", descending: false }, { sort: "registry", descending: false },
    ]);
  });
  it("begins names at A, and versions at the newest", () => {
    expect(turned({ sort: "size", descending: true }, "name")).toEqual({ sort: "name", descending: false });
    expect(turned({ sort: "size", descending: true }, "version")).toEqual({ sort: "version", descending: true });
  });
});

describe("what the page says", () => {
  it("says that a list is not whole yet", () => {
    expect(tagCount({ known: 10_000, finished: false, fault: null })).toBe("10,000 tags so far");
    expect(tagCount({ known: 1, finished: true, fault: null })).toBe("1 tag");
  });
  it("says what is odd about a list, with names that can't act on the page", () => {
    expect(oddity({ known: 5, partial: false, invalid: 0, odd: [] })).toBeNull();
    expect(oddity({ known: 5, partial: true, invalid: 0, odd: [] })).toMatch(/went in circles, so the list stops at 5 tags; there may be more/);
    expect(oddity({ known: 5, partial: false, invalid: 2, odd: ["a\u202eb"] })).toBe("2 names in the list are no tags and were left out, such as “a\\u202eb”.");
  });
  it("gauges what a registry allows", () => {
    expect(gauge({ limit: 200, remaining: 198, windowSeconds: 21_600, source: "username" })).toMatchObject({ text: "198 of 200 pulls left", part: 0.99, low: false });
    expect(gauge({ limit: 100, remaining: 3, windowSeconds: null, source: null }).low).toBe(true);
    expect(gauge({ limit: 200, remaining: 198, windowSeconds: 21_600, source: "username" }).title).toMatch(/200 pulls in 6 hours, counted for username/);
  });
  it("says how many are known where an order needs details", () => {
    const view = { sort: "size" as const, grouped: false, platform: null };
    expect(unknownNote(view, { found: 1036, described: 40 })).toBe("Sizes are known of 40 of 1,036 tags, the others stand last");
    expect(unknownNote(view, { found: 40, described: 40 })).toBeNull();
    expect(unknownNote({ ...view, sort: "name" }, { found: 40, described: 0 })).toBeNull();
    expect(unknownNote({ ...view, sort: "name", platform: "linux/arm64" }, { found: 40, described: 1 })).toMatch(/Platforms are known of 1 of 40 tags/);
  });
  it("names what is no image", () => expect([kindWord("helm"), kindWord("index"), kindWord(null)]).toEqual(["Helm chart", null, null]));
});

describe("a selection", () => {
  it("of everything is a rule with exceptions", () => {
    const but = toggled(EVERYTHING, "b");
    expect([isChosen(but, "a"), isChosen(but, "b"), chosenCount(but, 100_000)]).toEqual([true, false, 99_999]);
    expect(isChosen(withTags(but, ["b"]), "b")).toBe(true);
  });
  it("of some is a list", () => {
    const some = withTags(toggled(NOTHING, "a"), ["b", "c"]);
    expect([chosenCount(some, 10), isChosen(toggled(some, "a"), "a")]).toEqual([3, false]);
  });
  it("fills the box in the head by as much as it holds", () => {
    expect([headBox(NOTHING, 3), headBox(EVERYTHING, 3), headBox(toggled(EVERYTHING, "a"), 3), headBox(withTags(NOTHING, ["a", "b", "c"]), 3)]).toEqual(["false", "true", "mixed", "true"]);
  });
  it("counts the bytes of a digest once, and says what is not known", () => {
    const same = { digest: "sha256:aa", local: "same" as const };
    expect(chosenFacts([row("a", same), row("b", same), row("c"), null, row("d", { digest: null })])).toEqual({ digests: 2, bytes: 20, here: 10, unknown: 2 });
  });
  it("keeps details of what is chosen and of nothing else", () => {
    const some = withTags(NOTHING, ["a"]);
    expect(rememberRows([row("a"), row("b")], [row("a", { size: 99 })], some).map(({ tag, size }) => [tag, size])).toEqual([["a", 99]]);
    expect(rememberRows([row("a")], [], EVERYTHING)).toEqual([]);
  });
});

describe("a deletion", () => {
  const plan = (change: Partial<DeletePlan> = {}): DeletePlan => ({
    id: 1, repository: "localhost:5000/app", items: [{ digest: "sha256:aa", tags: ["1.4"], also: [], parents: [], referrers: 0, size: 5 }],
    checked: 9, unchecked: 0, canUntag: false, warnings: [], command: "longshore delete localhost:5000/app:1.4", ...change,
  });
  const shared = plan({ items: [{ digest: "sha256:aa", tags: ["1.4"], also: ["stable"], parents: ["latest"], referrers: 2, size: 5 }] });

  it("takes along every tag on the digest, indexes and referrers", () => {
    expect(blast(plan(), "manifest")).toMatchObject({ tags: 1, beyond: false });
    expect(blast(shared, "manifest")).toEqual({ tags: 2, also: 1, parents: 1, referrers: 2, beyond: true });
    expect(blast(shared, "tag")).toMatchObject({ tags: 1, beyond: false });
  });
  it("is no smaller for tags that could not be looked at", () => expect(blast(plan({ unchecked: 3 }), "manifest").beyond).toBe(true));
  it("says so in a sentence", () => {
    expect(sentence(shared, "manifest")).toBe("1.4 and stable name the same manifest, so deleting one deletes both. Layers go when the registry next collects garbage.");
    expect(sentence(plan(), "manifest")).toMatch(/^1 manifest goes, and no other tag with it\./);
    expect(sentence(plan({ unchecked: 3 }), "manifest")).toMatch(/3 other tags could not be looked at and may go too/);
    expect(sentence(shared, "tag")).toMatch(/^The name goes; what it points to stays/);
  });
  it("leaves no choice where a tag can't go alone", () => {
    expect(explainModes(plan()).map(({ mode }) => mode)).toEqual(["manifest"]);
    expect(explainModes(plan({ canUntag: true })).map(({ mode }) => mode)).toEqual(["tag", "manifest"]);
    expect(explainModes(plan({ canUntag: null }))[0]?.about).toMatch(/shows only when it is tried/);
  });
  it("asks for the tag, or for how many go", () => {
    expect(wordToType(shared, ["1.4"])).toBe("1.4");
    expect(wordToType(plan({ items: [...shared.items, ...plan().items] }), ["1.4", "1.3"])).toBe("delete 3");
  });
  it("has a line that takes along what it says, and no more", () => {
    expect(commandFor(plan(), "manifest")).toBe("longshore delete localhost:5000/app:1.4");
    expect(commandFor(shared, "manifest")).toBe("longshore delete --also-tags --break-indexes localhost:5000/app:1.4");
    expect(commandFor(shared, "tag")).toBe("longshore delete --tag-only localhost:5000/app:1.4");
  });
  it("tells what went and what did not", () => {
    const fault = { code: "not_found" as const, message: "gone", hint: null, causes: [], side: null, digest: null, exchange: null, choices: [] };
    expect(deleted({ deleted: ["a", "b"], failed: [] })).toBe("Deleted 2 tags");
    expect(deleted({ deleted: [], failed: [{ tag: "a", fault: fault as never }] })).toBe("Nothing was deleted, 1 tag could not be deleted");
  });
});
