import { describe, expect, test, vi } from "vitest";
import { fakeHost, fault } from "../ipc/fake";
import type { JobHead, JobOutcome, JobUpdate } from "../ipc/bindings";
import type { Host } from "../ipc/host";
import { App, pageCommand, pullCommand } from "./app.svelte";
import { ReadCache } from "./cache";
import { Jobs } from "./jobs.svelte";
import { Navigation } from "./navigation.svelte";
import { Read } from "./reads.svelte";
import { SettingsState } from "./settings.svelte";

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("the host is asked for files before anything of them is drawn", () => {
  const host = fakeHost();
  const asked = vi.spyOn(host, "openTree");
  new App(host).files({ kind: "image", input: "nginx", from: "store", platform: null });
  expect(asked).toHaveBeenCalledOnce();
});

describe("navigation", () => {
  test("back and forward, and a new page cuts the way forward", () => {
    const navigation = new Navigation();
    navigation.go({ kind: "images" });
    navigation.go({ kind: "settings" });
    navigation.back();
    expect(navigation.page.kind).toBe("images");
    expect([navigation.canBack, navigation.canForward]).toEqual([true, true]);
    navigation.forward();
    expect(navigation.page.kind).toBe("settings");
    navigation.back();
    navigation.go({ kind: "home" });
    expect(navigation.canForward).toBe(false);
    navigation.back();
    navigation.back();
    navigation.back();
    expect([navigation.page.kind, navigation.canBack]).toEqual(["home", false]);
  });
  test("opening the open page leaves no step; a tab is no step either", () => {
    const navigation = new Navigation();
    navigation.go({ kind: "home" });
    expect(navigation.canBack).toBe(false);
    navigation.openImage("nginx");
    navigation.replace({ kind: "image", input: "nginx", from: "auto", platform: null, tab: "layers" });
    navigation.back();
    expect(navigation.page.kind).toBe("home");
  });
});

describe("a read", () => {
  test("keeps the old value while it asks again, and through a fault", async () => {
    let answer: () => Promise<number> = () => Promise.resolve(1);
    const read = new Read(() => answer());
    expect([read.state, read.busy]).toEqual(["loading", true]);
    await settle();
    expect([read.state, read.value, read.busy]).toEqual(["ready", 1, false]);
    answer = () => Promise.reject(new Error("no"));
    const asked = read.refresh();
    expect(read.value).toBe(1);
    await asked;
    expect([read.state, read.value, read.fault?.message]).toEqual(["fault", 1, "no"]);
    answer = () => Promise.resolve(2);
    await read.refresh();
    expect([read.state, read.value]).toEqual(["ready", 2]);
  });
  test("an older answer that comes late does not cover a newer one", async () => {
    const answers: ((value: string) => void)[] = [];
    const read = new Read(() => new Promise<string>((resolve) => answers.push(resolve)));
    void read.refresh();
    answers[1]?.("new");
    await settle();
    answers[0]?.("old");
    await settle();
    expect(read.value).toBe("new");
  });
  test("the cache keeps the newest, and asks again only for what is on screen", async () => {
    const load = vi.fn((key: string) => Promise.resolve(key));
    const cache = new ReadCache<string>(2);
    const read = (key: string) => cache.get(key, () => load(key));
    const a = read("a");
    read("b");
    expect(read("a")).toBe(a);
    read("c");
    expect(read("a")).toBe(a);
    await settle();
    load.mockClear();
    cache.refreshOnly("a");
    await settle();
    expect(load.mock.calls).toEqual([["a"]]);
    expect(read("a")).toBe(a);
  });
});

describe("settings", () => {
  test("the system's theme is followed until one is chosen", async () => {
    const settings = new SettingsState(fakeHost());
    await settings.load();
    settings.systemDark = true;
    expect(settings.theme).toBe("dark");
    await settings.setTheme("light");
    expect(settings.theme).toBe("light");
  });
  test("recent references are unique, newest first, and not endless", async () => {
    const settings = new SettingsState(fakeHost());
    for (let index = 0; index < 40; index += 1) await settings.remember(`image:${index}`);
    await settings.remember("image:20");
    expect(settings.value.recent).toHaveLength(30);
    expect(settings.value.recent.slice(0, 2)).toEqual(["image:20", "image:39"]);
  });
  test("writes go in turn, the newest last", async () => {
    const host = fakeHost();
    const settings = new SettingsState(host);
    await Promise.all([settings.setTheme("dark"), settings.setTheme("light"), settings.change({ wireOpen: true })]);
    expect(await host.call("read_settings", {})).toMatchObject({ theme: "light", wireOpen: true });
  });
});

describe("jobs", () => {
  const head = (part: Partial<JobHead> = {}): JobHead => ({
    id: 1, verb: "pull", title: "web:2.0", reference: "h/web:2.0", source: null, engine: null, platform: null, state: "running", total: 100, skipped: 20, arrived: 0,
    rate: 0, eta: null, wait: null, startedAt: "2026-01-01T00:00:00Z", elapsed: 0, command: "", digest: null, fault: null, ...part,
  });
  function scripted(listed: JobHead = head()) {
    let tell: (update: JobUpdate) => void = () => undefined;
    let end: (outcome: JobOutcome) => void = () => undefined;
    let fail: (thrown: unknown) => void = () => undefined;
    const host: Host = {
      ...fakeHost(),
      call: ((name: string) => Promise.resolve(name === "list_jobs" ? [listed] : name === "start_pull" ? 1 : null)),
      watchJob: (_, onUpdate) => {
        tell = onUpdate;
        return new Promise((resolve, reject) => ([end, fail] = [resolve, reject]));
      },
    };
    const listener = { settled: vi.fn(), quarter: vi.fn() };
    const jobs = new Jobs(host, listener);
    return { jobs, listener, tell: (update: JobUpdate) => tell(update), end: (outcome: JobOutcome) => end(outcome), fail: (thrown: unknown) => fail(thrown) };
  }
  const row = (digest: string, done: number) => ({ digest, kind: "layer" as const, size: 50, done, state: "moving" as const, note: null, retryAt: null });

  test("updates merge rows by digest, and lines come whole", async () => {
    const { jobs, tell } = scripted();
    await jobs.load();
    tell({ job: head(), rows: [row("a", 0), row("b", 0)], lines: ["one"] });
    tell({ job: head({ arrived: 30 }), rows: [row("b", 30)], lines: [] });
    const job = jobs.get(1);
    expect(job?.rows.map(({ digest, done }) => [digest, done])).toEqual([["a", 0], ["b", 30]]);
    expect(job?.lines).toEqual(["one"]);
    expect(jobs.progress).toBe(0.5);
  });
  test.each<[name: string, listed: JobHead["state"], begin: (jobs: Jobs) => Promise<unknown>, told: number]>([
    ["a pull that is over before the list is read", "done", (jobs) => jobs.pull({ input: "h/web:2.0", platform: null, allPlatforms: false, allTags: false }), 1],
    ["one that ended before this page was there", "done", (jobs) => jobs.load(), 0],
    ["one that is under way when this page comes", "running", (jobs) => jobs.load(), 1],
  ])("the end is told of %s", async (_, state, begin, told) => {
    const { jobs, listener, end } = scripted(head({ state }));
    await begin(jobs);
    end({ state: "done", digest: "sha256:a", upToDate: false, fault: null });
    await settle();
    expect(listener.settled).toHaveBeenCalledTimes(told);
  });
  test("the end is told of one that failed and was taken up again", async () => {
    const { jobs, listener, end } = scripted(head({ state: "failed" }));
    await jobs.load();
    end({ state: "failed", digest: null, upToDate: false, fault: fault("unreachable", "gone") });
    await settle();
    await jobs.resume(1);
    end({ state: "done", digest: "sha256:a", upToDate: false, fault: null });
    await settle();
    expect(listener.settled.mock.calls.map(([, outcome]) => (outcome as JobOutcome).state)).toEqual(["done"]);
  });
  test("quarters are told once each", async () => {
    const { jobs, listener, tell } = scripted();
    await jobs.load();
    for (const arrived of [0, 4, 6, 10, 31, 32, 56, 79]) tell({ job: head({ arrived }), rows: [], lines: [] });
    expect(listener.quarter.mock.calls.map(([, percent]) => percent as number)).toEqual([25, 50, 75]);
  });
  test("the promise is the end, whatever the last update said", async () => {
    const { jobs, listener, end } = scripted();
    await jobs.load();
    end({ state: "done", digest: "sha256:aa", upToDate: false, fault: null });
    await settle();
    expect(jobs.get(1)?.head).toMatchObject({ state: "done", digest: "sha256:aa" });
    expect([jobs.progress, jobs.active.length]).toEqual([null, 0]);
    expect(listener.settled).toHaveBeenCalledTimes(1);
  });
  test("a watch that breaks is a failed job, with the fault", async () => {
    const { jobs, fail } = scripted();
    await jobs.load();
    fail(fault("internal", "gone"));
    await settle();
    expect(jobs.get(1)?.head).toMatchObject({ state: "failed", fault: { message: "gone" } });
    expect(jobs.failed).toHaveLength(1);
  });
  test("a second click on the same image finds the first pull", async () => {
    const app = new App(fakeHost({ speed: 1 }));
    await app.pull("127.0.0.1:5055/web:2.0");
    await app.pull("127.0.0.1:5055/web:2.0");
    expect(app.jobs.all).toHaveLength(1);
    await app.jobs.cancel(1);
  });
});

describe("the app", () => {
  test("a pull lands: images, shelf and the spoken word follow", async () => {
    const app = new App(fakeHost({ speed: Infinity }));
    await app.start();
    await app.pull("127.0.0.1:5055/hello:1.0");
    expect(app.navigation.page).toEqual({ kind: "transfers", job: 1 });
    await vi.waitFor(() => expect(app.images.value).toHaveLength(1), 2000);
    expect(app.announcement).toMatch(/^Pulled hello:1.0 in /);
    expect(app.shelf.value?.images.find(({ tag }) => tag === "1.0")?.local).toBe(true);
    expect(app.settings.value.recent).toEqual(["127.0.0.1:5055/hello:1.0"]);
  });
  test("only what was found is remembered", async () => {
    const app = new App(fakeHost());
    await app.image("127.0.0.1:5055/missing:1", "auto", null).refresh();
    expect(app.settings.value.recent).toEqual([]);
    await app.image("127.0.0.1:5055/web:2.0", "auto", null).refresh();
    expect(app.settings.value.recent).toEqual(["127.0.0.1:5055/web:2.0"]);
  });
  test("a pull that can't start is a page of its own, and back leads away from it", async () => {
    const app = new App(fakeHost());
    await app.pull("127.0.0.1:5055/missing:1");
    expect(app.navigation.page).toMatchObject({ kind: "refused", refusal: { subject: "127.0.0.1:5055/missing:1", fault: { code: "not_found" } } });
    app.back();
    expect(app.navigation.page.kind).toBe("home");
  });
  test.each([
    [{ input: "nginx", platform: null, allPlatforms: false, allTags: false }, "docker pull nginx"],
    [{ input: "nginx", platform: "linux/arm64", allPlatforms: false, allTags: false }, "docker pull --platform linux/arm64 nginx"],
    [{ input: "nginx", platform: null, allPlatforms: false, allTags: true }, "docker pull --all-tags nginx"],
    [{ input: "nginx", platform: "linux/arm64", allPlatforms: true, allTags: false }, "longshore pull --all-platforms nginx"],
  ])("the command line of a pull", (request, line) => expect(pullCommand(request)).toBe(line));
  test("every page that can be had in a terminal says how", () => {
    expect(pageCommand({ kind: "home" }, "127.0.0.1:5055")).toBe("curl http://127.0.0.1:5055/v2/_catalog");
    expect(pageCommand({ kind: "home" }, null)).toBeNull();
    expect(pageCommand({ kind: "image", input: "x", from: "store", platform: null, tab: "layers" }, null)).toBe("docker image inspect x");
    expect(pageCommand({ kind: "images" }, null)).toBe("docker image ls --digests");
    const side = (input: string) => ({ input, from: "auto" as const, platform: null });
    expect(pageCommand({ kind: "compare", a: side("x:1"), b: side("x:2") }, null)).toBe("longshore diff x:1 x:2");
    // Not that of the page before.
    expect(pageCommand({ kind: "compare", a: side("x:1"), b: null }, null)).toBe("");
  });
});
