import { describe, expect, it } from "vitest";
import { exchange, pullOf } from "./exchange.fixture";
import { fold } from "./fold";

const numbers = (steps: { number: number }[]) => steps.map((step) => step.number);

describe("fold", () => {
  it("shows the conversation, the config and the first layer's way; folds the ten like them", () => {
    const folded = fold(pullOf(6), null, false);
    expect(numbers(folded.steps)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(folded).toMatchObject({ hidden: 10, total: 17 });
  });

  it("shows all when asked", () => {
    const folded = fold(pullOf(6), null, true);
    expect(folded.steps).toHaveLength(17);
    expect(folded.hidden).toBe(0);
  });

  it("does not fold a single step", () => {
    const heads = pullOf(1).concat(exchange({ id: 20, role: "cdn", path: "/x" }));
    expect(fold(heads, null, false)).toMatchObject({ hidden: 0, total: 8 });
  });

  it("keeps what failed, what is selected and what moves", () => {
    const heads = pullOf(6).map((head) =>
      head.id === 9 ? { ...head, failed: true } : head.id === 17 ? { ...head, live: true } : head,
    );
    expect(numbers(fold(heads, 12, false).steps)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 12, 17]);
  });

  it("shows two live blobs, not twenty", () => {
    const heads = pullOf(12).map((head) => (head.role === "cdn" ? { ...head, live: true } : head));
    expect(numbers(fold(heads, null, false).steps)).toEqual([1, 2, 3, 4, 5, 6, 7, 9]);
  });

  it("never folds requests that are not for blobs", () => {
    const heads = Array.from({ length: 40 }, (_, index) => exchange({ id: index + 1, path: `/v2/app/manifests/${index}` }));
    expect(fold(heads, null, false).hidden).toBe(0);
  });
});
