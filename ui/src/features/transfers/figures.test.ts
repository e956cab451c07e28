import { describe, expect, it } from "vitest";
import { announcement, duration, figures, paceLine, pair, progress, timeLeft, type Told } from "./figures";
import { job } from "./job.fixture";

describe("pair", () => {
  const table: [name: string, done: number, total: number, shown: [string, string]][] = [
    ["one unit for both", 12_300_000, 41_400_000, ["12.3", "41.4 MB"]],
    ["the total's unit", 512, 41_400_000, ["0.0", "41.4 MB"]],
    ["bytes have no fraction", 12, 627, ["12", "627 B"]],
    ["no fraction from a hundred on", 100_000_000, 261_000_000, ["100", "261 MB"]],
    ["rounding does not cross a unit", 0, 999_960, ["0.0", "1.0 MB"]],
    ["nothing", 0, 0, ["0", "0 B"]],
  ];
  it.each(table)("%s", (_, done, total, shown) => expect(pair(done, total)).toEqual(shown));
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

describe("timeLeft", () => {
  const table: [seconds: number | null, words: string][] = [
    [null, ""], [0.4, "less than a second left"], [3.2, "about 3 s left"], [42, "about 40 s left"],
    [57, "about 1 min left"], [150, "about 3 min left"], [7_400, "about 2 h left"], [Infinity, ""],
  ];
  it.each(table)("%s seconds", (seconds, words) => expect(timeLeft(seconds)).toBe(words));
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

describe("duration", () => {
  const table: [milliseconds: number, words: string][] = [
    [6_120, "6.1 s"], [48_400, "48 s"], [59_900, "60 s"], [200_000, "3 min 20 s"], [7_260_000, "2 h 1 min"],
  ];
  it.each(table)("%s ms", (milliseconds, words) => expect(duration(milliseconds)).toBe(words));
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
