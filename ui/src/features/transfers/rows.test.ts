import { describe, expect, it } from "vitest";
import type { RowState } from "../../ipc/bindings";
import { digestOf, row } from "./job.fixture";
import { counts, look, shownRows, widths } from "./rows";

describe("look", () => {
  const table: [state: RowState, word: string, fill: string, filled: number][] = [
    ["exists", "Already exists", "have", 1],
    ["waiting", "Waiting", "none", 0],
    ["moving", "Downloading", "move", 0.25],
    ["retrying", "Retrying in 12 s", "have", 0.25],
    ["verifying", "Verifying digest", "verify", 1],
    ["complete", "Pull complete", "done", 1],
    ["paused", "Paused", "have", 0.25],
    ["failed", "Digest does not match", "fail", 1],
  ];
  it.each(table)("%s", (state, word, fill, filled) => {
    const note = state === "retrying" ? "Retrying in 12 s" : null;
    const done = state === "waiting" ? 0 : 250;
    expect(look(row({ state, note, size: 1_000, done }))).toMatchObject({ word, fill, filled });
  });

  it("tells every state apart by icon and word, not by colour alone", () => {
    const seen = table.map(([state]) => look(row({ state })));
    expect(new Set(seen.map((each) => each.icon)).size).toBe(seen.length);
    expect(new Set(seen.map((each) => each.word)).size).toBe(seen.length);
  });

  it("says what failed where that is known", () => {
    expect(look(row({ state: "failed", note: "The registry stopped sending" })).word).toBe("The registry stopped sending");
  });
  it("fills no more than the bar", () => expect(look(row({ state: "moving", size: 10, done: 12 })).filled).toBe(1));
  it("bears an empty layer", () => expect(look(row({ state: "moving", size: 0 })).filled).toBe(0));
});

describe("counts", () => {
  it("counts while bytes are between nothing and all", () => {
    expect(counts(row({ state: "moving" }))).toBe(true);
    expect(counts(row({ state: "paused", done: 5 }))).toBe(true);
    expect(counts(row({ state: "paused", done: 0 }))).toBe(false);
    expect(counts(row({ state: "complete", done: 5 }))).toBe(false);
  });
});

describe("widths", () => {
  it("is to scale", () => {
    expect(widths([row({ size: 200 }), row({ size: 50 }), row({ size: 0 })])).toEqual([100, 25, 0]);
  });
  it("bears rows without bytes", () => expect(widths([row({ size: 0 })])).toEqual([0]));
});

describe("shownRows", () => {
  it("lists layers, and the config only where it is in trouble", () => {
    const layer = row();
    const config = row({ kind: "config", digest: digestOf("c") });
    expect(shownRows([config, layer])).toEqual([layer]);
    const failed = { ...config, state: "failed" as const };
    expect(shownRows([failed, layer])).toEqual([layer, failed]);
  });
  it("lists what there is where there are no layers", () => {
    const manifest = row({ kind: "manifest" });
    expect(shownRows([manifest])).toEqual([manifest]);
  });
});
