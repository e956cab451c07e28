import { describe, expect, it } from "vitest";
import { imageDetail, layer } from "./layer.fixture";
import { brokenUp, sharedNumbers, sharers, shortMediaType, slabWidth, stackRows, summary } from "./stack";

describe("stackRows", () => {
  it("puts the newest on top, steps without bytes among them", () => {
    const detail = imageDetail({ layers: [layer(1), layer(null), layer(2)] });
    expect(stackRows(detail).map((row) => [row.index, row.layer.number])).toEqual([[2, 2], [1, null], [0, 1]]);
  });
  it("asks of a local image what it shares", () => {
    const detail = imageDetail({ from: "store", layers: [layer(1, { alsoIn: ["debian"] }), layer(2)] });
    expect(stackRows(detail).map((row) => row.state)).toEqual(["own", "shared"]);
  });
  it("asks of a remote image what is here", () => {
    const detail = imageDetail({ local: "absent", layers: [layer(1, { presentLocally: true }), layer(2)] });
    expect(stackRows(detail).map((row) => row.state)).toEqual(["missing", "here"]);
  });
});

describe("summary", () => {
  it("counts a layer that is listed twice once", () => {
    const twice = layer(1, { size: 100, presentLocally: true });
    const detail = imageDetail({ local: "older", layers: [twice, { ...twice, number: 2 }, layer(3, { size: 50 })] });
    expect(summary(detail)).toMatchObject({ total: 150, hatched: 100, count: 3, local: false });
  });
});

describe("sharers", () => {
  it("lists images by how much they share", () => {
    const layers = [layer(1, { alsoIn: ["debian", "node"] }), layer(2, { alsoIn: ["node"] }), layer(3)];
    expect(sharers(layers)).toEqual([{ name: "node", layers: 2 }, { name: "debian", layers: 1 }]);
  });
});

describe("sharedNumbers", () => {
  const of = (...shared: number[]) => sharedNumbers([1, 2, 3, 4, 5].map((number) => layer(number, { alsoIn: shared.includes(number) ? ["x"] : [] })));
  it("says a run as a run", () => expect(of(1, 2, 3)).toBe("Layers 1 to 3"));
  it("says one as one", () => expect(of(4)).toBe("Layer 4"));
  it("lists what has gaps", () => expect(of(1, 2, 5)).toBe("Layers 1, 2 and 5"));
  it("is empty where nothing is shared", () => expect(of()).toBe(""));
});

describe("slabWidth", () => {
  it("is to scale with a least width", () => {
    expect([41_600_000, 24_800_000, 412].map((size) => slabWidth(size, 41_600_000, 172))).toEqual([172, 103, 4]);
  });
  it("bears an image without bytes", () => expect(slabWidth(0, 0, 172)).toBe(4));
});

it("breaks a shell line at its conjunctions", () => {
  expect(brokenUp("npm ci && npm cache clean --force || true")).toBe("npm ci \\\n && npm cache clean --force \\\n || true");
});

it("keeps the end of a media type", () => {
  expect(shortMediaType("application/vnd.oci.image.layer.v1.tar+gzip")).toBe("\u2026image.layer.v1.tar+gzip");
  expect(shortMediaType("application/json")).toBe("application/json");
});
