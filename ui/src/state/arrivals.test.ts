// Answers that come after the user has gone elsewhere: they open nothing, and what was wrong is still found.

import { describe, expect, test } from "vitest";
import { fakeHost, fault, type FakeOptions } from "../ipc/fake";
import type { CallName, Host } from "../ipc/host";
import { App } from "./app.svelte";
import { Navigation } from "./navigation.svelte";

const WEB = "127.0.0.1:5055/web:2.0";
const HELLO = "127.0.0.1:5055/hello:1.0";
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A host that answers one command only when it is let. */
function held(name: CallName, options: FakeOptions = {}) {
  const fake = fakeHost({ speed: 1, ...options });
  const waiting: (() => void)[] = [];
  const call: Host["call"] = async (asked, args) => {
    if (asked === name) await new Promise<void>((resolve) => waiting.push(resolve));
    return fake.call(asked, args);
  };
  const app = new App({ ...fake, call });
  return {
    app,
    answer: async () => {
      waiting.shift()?.();
      await settle();
    },
  };
}

describe("the count of moves", () => {
  const moves: [string, (navigation: Navigation) => void, boolean][] = [
    ["nothing", () => undefined, true],
    ["another page", (it) => it.go({ kind: "images" }), false],
    ["the page that is open already: a wish too", (it) => it.go({ kind: "home" }), false],
    ["another tab", (it) => it.replace({ kind: "settings" }), false],
    ["back", (it) => it.back(), false],
    ["forward", (it) => it.forward(), false],
    ["an answer of before", (it) => it.arrive({ kind: "images" }), true],
  ];
  test.each(moves)("%s", (_, move, stays) => {
    const navigation = new Navigation();
    navigation.go({ kind: "home" });
    const here = navigation.here();
    move(navigation);
    expect(here()).toBe(stays);
  });
});

describe("a pull that is answered late", () => {
  test("opens its transfer where one still waits for it", async () => {
    const { app, answer } = held("start_pull");
    void app.pull(WEB);
    await answer();
    expect(app.navigation.page).toEqual({ kind: "transfers", job: 1 });
  });
  test("does not take another page away, and says that it began", async () => {
    const { app, answer } = held("start_pull");
    void app.pull(WEB);
    app.go({ kind: "images" });
    await answer();
    expect(app.navigation.page).toEqual({ kind: "images" });
    expect(app.announcement).toBe(`Pulling ${WEB}`);
    expect(app.jobs.all).toHaveLength(1);
  });
  test("a refusal does not either; it is kept, and clearing it forgets it", async () => {
    const { app, answer } = held("start_pull", { failing: { start_pull: fault("reference_invalid", "no upper case") } });
    void app.pull("team/App", { allTags: true });
    app.go({ kind: "transfers", job: null });
    await answer();
    expect(app.navigation.page).toEqual({ kind: "transfers", job: null });
    expect(app.announcement).toBe("team/App was not pulled: no upper case");
    const [kept] = app.refusals.all;
    expect(kept).toMatchObject({ subject: "team/App", fault: { message: "no upper case" }, asked: { verb: "pull", request: { allTags: true } } });
    app.refusals.clear(kept?.id ?? -1);
    expect(app.refusals.all).toEqual([]);
  });
  test("two in turn: the newer one is shown", async () => {
    const { app, answer } = held("start_pull");
    void app.pull(WEB);
    void app.pull(HELLO);
    await answer();
    await answer();
    expect(app.navigation.page).toEqual({ kind: "transfers", job: 2 });
  });
  test("several tags at once leave the page alone as well", async () => {
    const { app, answer } = held("start_pull");
    void app.pullTags([WEB, "127.0.0.1:5055/missing:1"]);
    app.go({ kind: "settings" });
    await answer();
    await answer();
    expect(app.navigation.page).toEqual({ kind: "settings" });
    expect(app.refusals.all.map(({ subject }) => subject)).toEqual(["127.0.0.1:5055/missing:1"]);
  });
});

describe("what could not start", () => {
  test("stands once for one name, and goes when the name starts after all", async () => {
    const failing: FakeOptions["failing"] = { start_pull: fault("unreachable", "nobody answers") };
    const app = new App(fakeHost({ speed: 1, failing }));
    await app.pull(WEB);
    await app.pull(WEB);
    expect(app.refusals.all).toHaveLength(1);
    expect(app.navigation.page).toMatchObject({ kind: "refused", refusal: { subject: WEB } });
    delete failing.start_pull;
    const [kept] = app.refusals.all;
    if (kept) app.retry(kept);
    await settle();
    expect(app.refusals.all).toEqual([]);
    expect(app.navigation.page).toEqual({ kind: "transfers", job: 1 });
  });
  test("a push begins with its plan again", () => {
    const app = new App(fakeHost());
    const asked = { verb: "push", source: "web:2.0", destination: "mine/web:1" } as const;
    const kept = app.refusals.keep(asked, fault("auth_refused", "no"));
    app.retry(kept);
    expect(app.dialogs.current).toEqual({ kind: "push", reference: "web:2.0", destination: "mine/web:1" });
  });
});
