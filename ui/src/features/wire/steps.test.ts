import { describe, expect, it } from "vitest";
import { blobPath, exchange, pullOf } from "./exchange.fixture";
import { answer, lanes, shortPath, spoken, stripPath, tone } from "./steps";

const of = (done: number, total: number) => `${done} of ${total}`;

describe("lanes", () => {
  it("draws the four lanes at the places of the design", () => {
    expect(lanes(pullOf(1), 447).map((place) => [place.label, place.x])).toEqual([
      ["Longshore", 60], ["Auth", 172], ["Registry", 284], ["CDN", 400],
    ]);
  });
  it("leaves out lanes that nobody speaks with", () => {
    expect(lanes([exchange({ id: 1 })], 447).map((place) => [place.label, place.x])).toEqual([["Longshore", 60], ["Registry", 392]]);
  });
  it("spreads three lanes evenly", () => {
    expect(lanes(pullOf(0), 447).map((place) => place.x)).toEqual([60, 226, 392]);
  });
});

describe("shortPath", () => {
  const table: [name: string, path: string, short: string][] = [
    ["manifest by tag", "/v2/library/nginx/manifests/1.25", "manifests/1.25"],
    ["blob", blobPath("8b"), "blobs/sha256:8b8b\u2026"],
    ["token, without its query", "/token?service=x&scope=y", "/token"],
    ["a repository called blobs", "/v2/blobs/blobs/manifests/1", "manifests/1"],
    ["tags", "/v2/app/tags/list?n=100", "tags/list"],
    ["ping", "/v2/", "/v2/"],
    ["a CDN's own path", `/registry/sha256/8b/${"8b".repeat(32)}/data?sig=z`, `/registry/sha256/8b/${"8b".repeat(32)}/data`],
  ];
  it.each(table)("%s", (_, path, short) => expect(shortPath(path)).toBe(short));
  it("says the repository where asked", () => expect(shortPath("/v2/a/b/manifests/1", true)).toBe("a/b/manifests/1"));
  it("marks what the strip leaves out", () => {
    expect(stripPath(blobPath("8b"))).toBe("\u2026/blobs/sha256:8b8b\u2026");
    expect(stripPath("/v2/_catalog")).toBe("/v2/_catalog");
  });
});

describe("tone", () => {
  const table: [name: string, change: { status: number | null; failed: boolean }, tone: string][] = [
    ["200", { status: 200, failed: false }, "ok"],
    ["307", { status: 307, failed: false }, "moved"],
    ["a challenge is part of the conversation", { status: 401, failed: false }, "asked"],
    ["a refusal is not", { status: 401, failed: true }, "bad"],
    ["503", { status: 503, failed: false }, "bad"],
    ["no answer", { status: null, failed: true }, "bad"],
  ];
  it.each(table)("%s", (_, change, expected) => expect(tone(change)).toBe(expected));
  it("does not call a request bad that still waits", () => {
    expect(tone({ status: null, failed: false, live: true })).toBe("ok");
  });
});

describe("answer", () => {
  it("says summary and time", () => expect(answer(exchange({ id: 1 }), of)).toBe("index, 9 platforms \u00b7 84 ms"));
  it("says the time alone where there is no summary", () => expect(answer(exchange({ id: 1, summary: "" }), of)).toBe("84 ms"));
  it("counts bytes while they arrive", () => {
    expect(answer(exchange({ id: 1, live: true, received: 3, expected: 9 }), of)).toBe("3 of 9");
  });
  it("waits without a status", () => {
    expect(answer(exchange({ id: 1, live: true, status: null }), of)).toBe("waiting for an answer");
  });
});

describe("spoken", () => {
  it("says what a reader of the picture sees", () => {
    expect(spoken(3, exchange({ id: 3 }))).toBe(
      "Step 3: GET library/nginx/manifests/1.25 on registry-1.docker.io, answered 200, index, 9 platforms, 84 milliseconds",
    );
  });
});
