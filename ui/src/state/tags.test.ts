import { describe, expect, it, vi } from "vitest";
import { fakeHost } from "../ipc/fake";
import type { CallArguments, CallName, CallResult } from "../ipc/host";
import { TagList } from "./tags.svelte";

/** As Rust does: the next question for details makes the host give up on the one before. */
function givingUp(delay: number) {
  const host = fakeHost({ speed: Infinity });
  const asked: { tags: string[]; givenUp: boolean }[] = [];
  const call = async <K extends CallName>(name: K, args: CallArguments<K>): Promise<CallResult<K>> => {
    if (name !== "describe_tags") return host.call(name, args);
    const { tags } = args as CallArguments<"describe_tags">;
    const last = asked.at(-1);
    const question = { tags, givenUp: false, done: false };
    if (last && !("done" in last && last.done === true)) last.givenUp = true;
    asked.push(question);
    await new Promise((resolve) => setTimeout(resolve, delay));
    question.done = true;
    if (question.givenUp) {
      const rows = tags.map((tag) => ({ tag, digest: null, mediaType: null, kind: null, platforms: [], size: null, updated: null, local: null, fault: null, knot: null }));
      return { rows, rateLimit: null };
    }
    return host.call(name, args);
  };
  return { host: { ...host, call }, asked };
}
const described = (list: TagList, from: number, to: number) => Array.from({ length: to - from }, (_, index) => list.row(from + index)).filter((row) => row?.digest != null).length;

describe("the first letters of a tag", () => {
  it("find it among rows that were never loaded, and from the top again", async () => {
    const list = new TagList(fakeHost({ speed: Infinity }), "nginx");
    await list.open();
    await vi.waitFor(() => expect(list.head?.finished).toBe(true));
    const names = await list.tagsBetween(0, list.matched - 1);
    const far = names.length - 1;
    const name = names[far] ?? "";
    expect(list.row(far)).toBeNull();
    expect(await list.startingWith(name.toUpperCase(), 0)).toBe(names.findIndex((tag) => tag.startsWith(name)));
    const first = names[0] ?? "";
    expect(await list.startingWith(first, far)).toBe(names[far]?.startsWith(first) ? far : 0);
    expect(await list.startingWith("no such tag", 5)).toBeNull();
    list.close();
  });
});

describe("details of tags", () => {
  it("come for what is on screen, though a new question ends the one before", async () => {
    const { host, asked } = givingUp(20);
    const list = new TagList(host, "nginx");
    list.show(0, 25);
    await list.open();
    await vi.waitFor(() => expect(described(list, 0, 50)).toBe(50), { timeout: 4000 });
    expect(asked.filter(({ givenUp }) => givenUp)).toEqual([]);
    list.close();
  });

  it("give way at once when they are scrolled past, and come when they are scrolled back to", async () => {
    const { host, asked } = givingUp(300);
    const list = new TagList(host, "nginx");
    list.show(0, 25);
    await list.open();
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    list.show(600, 625);
    await vi.waitFor(() => expect(described(list, 600, 625)).toBe(25), { timeout: 4000 });
    expect(asked[0]?.givenUp).toBe(true);
    list.show(0, 25);
    await vi.waitFor(() => expect(described(list, 0, 25)).toBe(25), { timeout: 4000 });
    list.close();
  });

  it("of every tag are read without being stopped by what is on screen", async () => {
    const { host, asked } = givingUp(5);
    const list = new TagList(host, "nginx");
    list.show(0, 25);
    await list.open();
    await vi.waitFor(() => expect([list.head?.finished, described(list, 0, 50)]).toEqual([true, 50]));
    const reading = list.readAll();
    list.show(1000, 1025);
    await reading;
    await vi.waitFor(() => expect(list.known).toEqual({ found: 1036, described: 1036 }), { timeout: 4000 });
    expect(asked.filter(({ givenUp }) => givenUp)).toEqual([]);
    list.close();
  });
});

it("says what reading details left of the registry's limit, after the list has ended too", async () => {
  const host = fakeHost({ speed: Infinity });
  let left = 198;
  const call = async <K extends CallName>(name: K, args: CallArguments<K>): Promise<CallResult<K>> => {
    const answer = await host.call(name, args);
    if (name !== "describe_tags") return answer;
    left -= (args as CallArguments<"describe_tags">).tags.length;
    return { ...(answer as CallResult<"describe_tags">), rateLimit: { limit: 200, remaining: left, windowSeconds: 21_600, source: "username" } } as CallResult<K>;
  };
  const list = new TagList({ ...host, call }, "nginx");
  await list.open();
  await vi.waitFor(() => expect(list.head?.finished).toBe(true));
  list.show(0, 20);
  await vi.waitFor(() => expect(described(list, 0, 20)).toBe(20));
  await vi.waitFor(() => expect(list.head?.rateLimit?.remaining).toBe(left));
  expect(left).toBeLessThan(198);
});
