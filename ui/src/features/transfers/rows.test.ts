import { describe, expect, it } from "vitest";
import type { RowState, Verb } from "../../ipc/bindings";
import { digestOf, row } from "./job.fixture";
import { counts, look, shownRows, widths } from "./rows";

describe("look", () => {
  type Line = [state: RowState, word: string, fill: string, filled: number];
  const pull: Line[] = [
    ["waiting", "Waiting", "none", 0],
    ["exists", "Already exists", "have", 1],
    ["moving", "Downloading", "move", 0.25],
    ["retrying", "Retrying in 12 s", "have", 0.25],
    ["verifying", "Verifying digest", "verify", 1],
    ["complete", "Pull complete", "done", 1],
    ["paused", "Paused", "have", 0.25],
    ["failed", "Digest does not match", "fail", 1],
  ];
  const push: Line[] = [
    ["preparing", "Preparing", "none", 0],
    ["waiting", "Waiting", "none", 0],
    ["exists", "Layer already exists", "have", 1],
    ["mounted", "Mounted from myteam/worker", "have", 1],
    ["moving", "Pushing", "move", 0.25],
    ["retrying", "Retrying in 12 s", "have", 0.25],
    ["verifying", "Waiting for the registry", "verify", 1],
    ["complete", "Pushed", "done", 1],
    ["paused", "Paused", "have", 0.25],
    ["failed", "Not pushed", "fail", 1],
  ];
  const copy: Line[] = [["moving", "Copying", "move", 0.25], ["complete", "Copied", "done", 1], ["exists", "Layer already exists", "have", 1]];
  const seen = (state: RowState, verb: Verb) => {
    const note = state === "retrying" ? "Retrying in 12 s" : state === "mounted" ? "Mounted from myteam/worker" : null;
    return look(row({ state, note, size: 1_000, done: state === "waiting" ? 0 : 250 }), verb);
  };
  it.each(pull)("a pull, %s", (state, word, fill, filled) => expect(seen(state, "pull")).toMatchObject({ word, fill, filled }));
  it.each(push)("a push, %s", (state, word, fill, filled) => expect(seen(state, "push")).toMatchObject({ word, fill, filled }));
  it.each(copy)("a copy, %s", (state, word, fill, filled) => expect(seen(state, "copy")).toMatchObject({ word, fill, filled }));

  it("bytes go down in a pull, and up in a push and a copy", () => {
    expect((["pull", "push", "copy"] as const).map((verb) => look(row({ state: "moving" }), verb).icon)).toEqual(["arrow-down", "arrow-up", "arrow-up"]);
  });

  it.each([["pull", pull], ["push", push]] as const)("tells every state of a %s apart by icon and word, not by colour alone", (verb, table) => {
    const looks = table.map(([state]) => look(row({ state }), verb));
    expect(new Set(looks.map((each) => each.icon)).size).toBe(looks.length);
    expect(new Set(looks.map((each) => each.word)).size).toBe(looks.length);
  });

  it("says what failed where that is known", () => {
    expect(look(row({ state: "failed", note: "The registry stopped sending" }), "pull").word).toBe("The registry stopped sending");
  });
  it("fills no more than the bar", () => expect(look(row({ state: "moving", size: 10, done: 12 }), "push").filled).toBe(1));
  it("bears an empty layer", () => expect(look(row({ state: "moving", size: 0 }), "push").filled).toBe(0));
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
