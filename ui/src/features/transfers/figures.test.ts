import { describe, expect, it } from "vitest";
import type { RowState } from "../../ipc/bindings";
import { figure, figures, layersLine, movedLine, paceLine } from "./figures";
import { digestOf, job, row } from "./job.fixture";

describe("figure", () => {
  const table: [name: string, arrived: number, toMove: number, shown: string][] = [
    ["one unit for both", 12_300_000, 41_400_000, "12.3 of 41.4 MB"],
    ["both units where they differ", 512_000, 41_400_000, "512 kB of 41.4 MB"],
    ["bytes have no fraction", 12, 627, "12 of 627 B"],
    ["nothing yet", 0, 41_400_000, "0 of 41.4 MB"],
  ];
  it.each(table)("%s", (_, arrived, toMove, shown) => {
    const parts = figure(arrived, toMove);
    expect(`${parts.arrived} ${parts.of}`).toBe(shown);
  });
});

describe("figures", () => {
  it("counts skipped bytes in the bar and not in the figure", () => {
    const seen = figures(job({ total: 70_500, skipped: 29_100, arrived: 12_300 }));
    expect(seen.toMove).toBe(41_400);
    expect(seen.left).toBe(29_100);
    expect(seen.skippedPart).toBeCloseTo(41.3, 1);
    expect(seen.arrivedPart).toBeCloseTo(17.4, 1);
  });
  it("divides nothing by nothing", () => {
    expect(figures(job({ total: 0, skipped: 0, arrived: 0 }))).toEqual({ toMove: 0, left: 0, skippedPart: 0, arrivedPart: 0 });
  });
});

describe("paceLine", () => {
  it("gives speed and estimate", () => {
    expect(paceLine(job({ rate: 11_800_000, eta: 3, elapsed: 5_000 }))).toBe("11.8 MB/s, about 3 s left");
  });
  it("hides both in the first two seconds", () => {
    expect(paceLine(job({ rate: 11_800_000, eta: 3, elapsed: 1_900 }))).toBe("");
  });
  it("says so when nothing arrives", () => {
    expect(paceLine(job({ rate: 0, eta: null, elapsed: 9_000 }))).toBe("Nothing arrives");
    expect(paceLine(job({ verb: "push", rate: 0, eta: null, elapsed: 9_000 }))).toBe("Nothing moves");
  });
  it("is silent when paused", () => {
    expect(paceLine(job({ state: "paused", rate: 5, eta: 3, elapsed: 9_000 }))).toBe("");
  });
});

describe("movedLine", () => {
  const table: [name: string, change: Parameters<typeof job>[0], upToDate: boolean, words: string][] = [
    ["some of both", {}, false, "41.4 MB moved, 29.1 MB skipped."],
    ["all of it", { skipped: 0 }, false, "70.5 MB moved."],
    ["none of it, a new name", { skipped: 70_500_000 }, false, "No layer moved: all 70.5 MB were here already."],
    ["none of it, the same name", { skipped: 70_500_000 }, true, "Nothing moved: every byte was here already."],
    ["a push of some", { verb: "push" }, false, "41.4 MB moved, 29.1 MB skipped."],
    ["a push of nothing, a new tag", { verb: "push", skipped: 70_500_000 }, false, "No layer moved: all 70.5 MB were there already."],
    ["a copy of nothing, the same tag", { verb: "copy", skipped: 70_500_000 }, true, "Nothing moved: every byte was there already."],
  ];
  it.each(table)("%s", (_, change, upToDate, words) => expect(movedLine(job(change), upToDate)).toBe(words));
});

describe("layersLine", () => {
  const layers = (...states: RowState[]) => states.map((state, index) => row({ state, digest: digestOf(`${index}b`) }));
  it("counts what was sent, mounted and there", () => {
    expect(layersLine(layers("complete", "complete", "mounted", "exists", "exists", "exists"))).toBe("2 layers sent, 1 mounted, 3 there already");
  });
  it("names layers once, whatever comes first", () => {
    expect(layersLine(layers("mounted", "exists"))).toBe("1 layer mounted, 1 there already");
    expect(layersLine(layers("exists", "exists"))).toBe("2 layers there already");
  });
  it("counts no config", () => expect(layersLine([row({ kind: "config", state: "complete" })])).toBe(""));
});
