import { describe, expect, it } from "vitest";
import { announcement, figure, figures, paceLine, progress, type Told } from "./figures";
import { job } from "./job.fixture";

describe("figure", () => {
  const table: [name: string, arrived: number, toMove: number, shown: string][] = [
    ["one unit for both", 12_300_000, 41_400_000, "12.3 of 41.4 MB"],
    ["both units where they differ", 512_000, 41_400_000, "512.0 kB of 41.4 MB"],
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
    expect(progress(job({ total: 0, skipped: 0, arrived: 0 }))).toBe(0);
  });
  it("is whole when done, even where all was skipped", () => {
    expect(progress(job({ total: 9, skipped: 9, arrived: 0, state: "done" }))).toBe(1);
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
  });
  it("is silent when paused", () => {
    expect(paceLine(job({ state: "paused", rate: 5, eta: 3, elapsed: 9_000 }))).toBe("");
  });
});

describe("announcement", () => {
  it("tells the start, each quarter and the end, each once", () => {
    const told: string[] = [];
    let state: Told = -1;
    const tell = (seen: ReturnType<typeof job>) => {
      const next = announcement(seen, state);
      if (next === null) return;
      state = next.told;
      told.push(next.text);
    };
    tell(job({ state: "resolving", total: 0 }));
    for (let arrived = 0; arrived <= 1_000; arrived += 10) tell(job({ total: 1_500, skipped: 500, arrived }));
    tell(job({ state: "done", total: 1_500, skipped: 500, arrived: 1_000, elapsed: 6_100 }));
    tell(job({ state: "done", total: 1_500, skipped: 500, arrived: 1_000, elapsed: 6_100 }));
    expect(told).toEqual([
      "Pulling nginx:1.25, 1.0 kB to fetch", "25 percent of nginx:1.25", "50 percent of nginx:1.25",
      "75 percent of nginx:1.25", "Pulled nginx:1.25 in 6.1 s",
    ]);
  });
  it("skips quarters that were passed at once", () => {
    expect(announcement(job({ total: 100, skipped: 0, arrived: 60 }), 0)).toEqual({ told: 2, text: "50 percent of nginx:1.25" });
  });
});
