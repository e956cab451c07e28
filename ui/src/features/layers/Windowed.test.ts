import { render } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, test, vi } from "vitest";
import Windowed from "./Windowed.svelte";

test("nobody is asked for rows before it is known how many fit", () => {
  const onrange = vi.fn<(from: number, to: number) => void>();
  const row = createRawSnippet((index: () => number) => ({ render: () => `<p>${index()}</p>` }));
  render(Windowed, { count: 1000, heights: 20, row, onrange });
  // Nothing is laid out here, so that 800 pixels are assumed.
  expect(onrange.mock.calls).toEqual([[0, 41]]);
});
