import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { tick, type Component } from "svelte";
import { describe, expect, it, vi } from "vitest";
import type { Fault, JobHead, JobOutcome, JobUpdate, TransferRow } from "../../ipc/bindings";
import { fakeHost, fault } from "../../ipc/fake";
import type { Host } from "../../ipc/host";
import { App } from "../../state/app.svelte";
import WithApp from "../../test/WithApp.svelte";
import { render } from "@testing-library/svelte";
import { digestOf, job, push, row } from "./job.fixture";
import TransfersPage from "./TransfersPage.svelte";

/** A page over jobs that the test moves by hand. */
async function page(heads: JobHead[], first: Partial<JobUpdate> = {}, refuse?: (name: string) => Fault | undefined) {
  const calls: [name: string, args: unknown][] = [];
  let tell: (update: JobUpdate) => void = () => undefined;
  let end: (outcome: JobOutcome) => void = () => undefined;
  const fake = fakeHost();
  const host: Host = {
    ...fake,
    call: (async (name: string, args: object) => {
      calls.push([name, args]);
      const refused = refuse?.(name);
      if (refused !== undefined) throw refused;
      if (name === "list_jobs") return heads;
      return name.endsWith("_job") ? null : fake.call(name as "app_info", args);
    }),
    watchJob: (id, onUpdate) => {
      const head = heads.find((each) => each.id === id) ?? job();
      if (id === heads[0]?.id) tell = onUpdate;
      onUpdate({ job: head, rows: [], lines: [], ...(id === heads[0]?.id ? first : {}) });
      return new Promise((resolve) => {
        if (id === heads[0]?.id) end = resolve;
        if (head.state === "done" || head.state === "failed") resolve({ state: head.state, digest: head.digest, upToDate: false, fault: head.fault });
      });
    },
  };
  const app = new App(host);
  await app.start();
  const { container } = render(WithApp as unknown as Component<Record<string, unknown>>, { props: { app, view: TransfersPage, props: { job: null } } });
  return { app, calls, container, tell: (update: JobUpdate) => { tell(update); return tick(); }, end: (outcome: JobOutcome) => end(outcome) };
}
const layers = (): HTMLElement[] => within(screen.getByRole("list", { name: "Layers" })).getAllByRole("listitem");
const rows = (...states: TransferRow["state"][]) => states.map((state, index) => row({ digest: digestOf(`${index}a`), state, size: 1_000 * (index + 1), done: 500 }));

describe("a pull on its page", () => {
  it("is found again after a reload, with every row and line", async () => {
    await page([job()], { rows: rows("exists", "moving", "waiting"), lines: ["1.25: Pulling from library/nginx"] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Pulling nginx:1.25");
    expect(layers().map((each) => each.getAttribute("aria-label"))).toEqual([
      "Layer 0a0a0a0a0a0a, Already exists, 1.0 kB",
      "Layer 1a1a1a1a1a1a, Downloading, 500 B / 2.0 kB",
      "Layer 2a2a2a2a2a2a, Waiting, 3.0 kB",
    ]);
    expect(screen.getByText(/Pulling from library/)).toBeInTheDocument();
    expect(screen.getByText(/Digest and status follow/)).toBeInTheDocument();
    expect(screen.getByText("11.8 MB/s, about 3 s left")).toBeInTheDocument();
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "59");
  });

  it("moves rows in place", async () => {
    const { tell } = await page([job()], { rows: rows("moving", "waiting") });
    await tell({ job: job({ arrived: 20_000_000 }), rows: [row({ digest: digestOf("0a"), state: "complete", size: 1_000 })], lines: [] });
    expect(layers().map((each) => each.dataset.state)).toEqual(["complete", "waiting"]);
    expect(screen.getByText("20.0")).toBeInTheDocument();
  });

  it("counts down while the registry asks for patience, for a layer and for all of it", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const until = Date.now() + 40_000;
    const { tell } = await page([job()], { rows: [row({ state: "retrying", note: "Retrying in 75 s", retryAt: Date.now() + 75_000 })] });
    const left = (within_: HTMLElement): string => within(within_).getByRole("timer").textContent;
    expect(left(screen.getByRole("list", { name: "Layers" }))).toBe("1:15");
    await tell({ job: job({ wait: { why: "the registry answered 429", until } }), rows: [row({ state: "waiting" })], lines: [] });
    expect(screen.getByText(/The registry answered 429; tries again in/)).toHaveTextContent(/in 0:40$/);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(left(document.body)).toBe("0:10");
    await tell({ job: job(), rows: [], lines: [] });
    expect(screen.queryByRole("timer")).toBeNull();
    vi.useRealTimers();
  });

  it("pauses, resumes and cancels the job that is shown", async () => {
    const user = userEvent.setup();
    const { calls, tell } = await page([job({ id: 7 })], { rows: rows("moving") });
    await user.click(screen.getByRole("button", { name: "Pause" }));
    await tell({ job: job({ id: 7, state: "paused" }), rows: [], lines: [] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Paused nginx:1.25");
    await user.click(screen.getByRole("button", { name: "Resume" }));
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(calls.filter(([name]) => /^(pause|resume|cancel)/.test(name))).toEqual([
      ["pause_job", { id: 7 }], ["resume_job", { id: 7 }], ["cancel_job", { id: 7 }],
    ]);
  });

  it("says what the host refused", async () => {
    const user = userEvent.setup();
    await page([job()], {}, (name) => (name === "pause_job" ? fault("internal", "The transfer is about to end") : undefined));
    await user.click(screen.getByRole("button", { name: "Pause" }));
    expect(await screen.findByText(/about to end/)).toBeInTheDocument();
  });

  it("opens the image when it is done", async () => {
    const user = userEvent.setup();
    const digest = digestOf("32fd");
    const head = job({ state: "done", digest, elapsed: 6_100, arrived: 41_400_000 });
    const { app } = await page([head], { lines: [`Digest: ${digest}`, "Status: Downloaded newer image for nginx:1.25"] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Pulled nginx:1.25 in 6.1 s");
    expect(screen.getByText("41.4 MB moved, 29.1 MB skipped.")).toBeInTheDocument();
    expect(screen.getAllByText(/Status: Downloaded newer image/)).not.toHaveLength(0);
    expect(screen.queryByRole("button", { name: "Pause" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Open image" }));
    expect(app.navigation.page).toMatchObject({ kind: "image", input: head.reference, from: "store" });
  });

  it("draws the fault of a failed pull, and fetches again", async () => {
    const user = userEvent.setup();
    const head = job({ id: 4, state: "failed", fault: fault("content_mismatch", "Layer `8b8b` arrived damaged") });
    const { calls } = await page([head], { rows: [row({ state: "failed" })] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Layer 8b8b arrived damaged");
    expect(layers()[0]).toHaveTextContent("Digest does not match");
    await user.click(screen.getByRole("button", { name: "Fetch again" }));
    await waitFor(() => expect(calls).toContainEqual(["resume_job", { id: 4 }]));
  });

  it("pulls anew where the host can't go on", async () => {
    const user = userEvent.setup();
    const head = job({ id: 4, state: "failed", fault: fault("content_mismatch", "Layer `8b8b` arrived damaged") });
    const { calls } = await page([head], { rows: [row({ state: "failed" })] }, (name) => (name === "resume_job" ? fault("internal", "It is over") : undefined));
    await user.click(screen.getByRole("button", { name: "Fetch again" }));
    await waitFor(() => expect(calls.find(([name]) => name === "start_pull")?.[1]).toMatchObject({ request: { input: head.reference, platform: "linux/amd64" } }));
  });

  it("lists other transfers, opens one, and clears one that is over", async () => {
    const user = userEvent.setup();
    const { app, calls } = await page([job({ id: 3 }), job({ id: 2, title: "postgres:16", state: "queued" }), job({ id: 1, title: "alpine:3", state: "done", digest: digestOf("a") })]);
    const list = screen.getByRole("heading", { name: "Other transfers" }).parentElement ?? expect.fail();
    expect(within(list).getByText("Starts next")).toBeInTheDocument();
    await user.click(within(list).getByRole("button", { name: "Clear alpine:3 from the list" }));
    expect(calls).toContainEqual(["dismiss_job", { id: 1 }]);
    expect(within(list).queryByText("alpine:3")).toBeNull();
    await user.click(within(list).getByRole("button", { name: "postgres:16" }));
    expect(app.navigation.page).toEqual({ kind: "transfers", job: 2 });
  });

  it("lists what could not start, and explains it", async () => {
    const user = userEvent.setup();
    const { app } = await page([job({ id: 3 })], {}, (name) => (name === "start_pull" ? fault("reference_invalid", "repository name must be `lower case`") : undefined));
    await app.pull("team/App");
    app.go({ kind: "transfers", job: null });
    const list = screen.getByRole("heading", { name: "Other transfers" }).parentElement ?? expect.fail();
    expect(within(list).getByText(/^Could not start:/)).toHaveTextContent("Could not start: repository name must be lower case");
    await user.click(within(list).getByRole("button", { name: "team/App" }));
    expect(app.navigation.page).toMatchObject({ kind: "refused", refusal: { subject: "team/App" } });
    await user.click(within(list).getByRole("button", { name: "Clear team/App was not pulled from the list" }));
    expect(screen.queryByRole("button", { name: "team/App" })).toBeNull();
  });

  it("says what belongs here where nothing moves", async () => {
    const user = userEvent.setup();
    const { app } = await page([]);
    app.go({ kind: "transfers", job: null });
    await user.click(screen.getByRole("button", { name: "Show the practice registry" }));
    expect(app.navigation.page.kind).toBe("home");
  });

  it("shows text of a registry as text", async () => {
    const { container } = await page([job({ title: "<img src=x onerror=alert(1)>\u202egnp" })]);
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("<img src=x onerror=alert(1)>\\u202egnp");
  });

  it("keeps few rows in the page however many there are", async () => {
    await page([job()], { rows: Array.from({ length: 5_000 }, (_, index) => row({ digest: digestOf(index.toString(16).padStart(4, "0")) })) });
    expect(layers().length).toBeLessThan(60);
  });
});

describe("a push on its page", () => {
  const name = "ghcr.io/myteam/myapp:v2";

  it("says Docker's words of a push for each layer, and where the bytes go", async () => {
    const mounted = row({ digest: digestOf("5a"), state: "mounted", note: "Mounted from myteam/worker", size: 1_000 });
    await page([push()], { rows: [...rows("preparing", "waiting", "exists", "moving", "complete"), mounted], lines: ["The push refers to repository [ghcr.io/myteam/myapp]"] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(`Pushing ${name}`);
    expect(screen.getByText(`myapp:v2 on this computer, to ${name}`)).toBeInTheDocument();
    expect(layers().map((each) => each.getAttribute("aria-label"))).toEqual([
      "Layer 0a0a0a0a0a0a, Preparing, 1.0 kB",
      "Layer 1a1a1a1a1a1a, Waiting, 2.0 kB",
      "Layer 2a2a2a2a2a2a, Layer already exists, 3.0 kB",
      "Layer 3a3a3a3a3a3a, Pushing, 500 B / 4.0 kB",
      "Layer 4a4a4a4a4a4a, Pushed, 5.0 kB",
      "Layer 5a5a5a5a5a5a, Mounted from myteam/worker, 1.0 kB",
    ]);
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuetext", "12.3 of 41.4 MB sent, 29.1 MB skipped");
    expect(screen.getByLabelText("Output of docker push")).toHaveTextContent("The push refers to repository");
    expect(screen.getByText("The tag and its digest follow when every layer is there")).toBeInTheDocument();
  });

  it("pauses, resumes and cancels, and says what a stopped push left", async () => {
    const user = userEvent.setup();
    const { calls, tell } = await page([push({ id: 7 })], { rows: rows("moving") });
    await user.click(screen.getByRole("button", { name: "Pause" }));
    await tell({ job: push({ id: 7, state: "paused" }), rows: [], lines: [] });
    await user.click(screen.getByRole("button", { name: "Resume" }));
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(calls.filter(([called]) => /^(pause|resume|cancel)/.test(called)).map(([called]) => called)).toEqual(["pause_job", "resume_job", "cancel_job"]);
    await tell({ job: push({ id: 7, state: "cancelled" }), rows: [], lines: [] });
    expect(screen.getByText(/The tag was not written, so nothing changed for those who pull/)).toBeInTheDocument();
  });

  it("begins a stopped push with its plan again", async () => {
    const user = userEvent.setup();
    const { app, calls } = await page([push({ state: "cancelled" })]);
    await user.click(screen.getByRole("button", { name: "Push again" }));
    expect(app.dialogs.current).toEqual({ kind: "push", reference: "myapp:v2", destination: name });
    expect(calls.some(([called]) => called.startsWith("start_"))).toBe(false);
  });

  it("is done with the digest that Docker prints, and opens in the registry", async () => {
    const user = userEvent.setup();
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const digest = digestOf("32fd");
    const { app } = await page([push({ state: "done", digest, elapsed: 2_000 })], { rows: rows("complete", "exists"), lines: [`v2: digest: ${digest} size: 1370`] });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(`Pushed ${name} in 2.0 s`);
    expect(screen.getByText("1 layer sent, 1 there already")).toBeInTheDocument();
    expect(screen.getAllByText(`v2: digest: ${digest} size: 1370`)).not.toHaveLength(0);
    expect(within(screen.getByRole("list", { name: "From build to deploy" })).getByText("Push")).toHaveAttribute("aria-current", "step");
    await user.click(screen.getByRole("button", { name: "Copy pinned reference" }));
    expect(write).toHaveBeenCalledWith(`ghcr.io/myteam/myapp@${digest}`);
    await user.click(screen.getByRole("button", { name: "Compare" }));
    expect(app.navigation.page).toEqual({ kind: "compare", a: { input: "myapp:v2", from: "store", platform: null }, b: { input: name, from: "registry", platform: null } });
    await user.click(screen.getByRole("button", { name: "Open in the registry" }));
    expect(app.navigation.page).toMatchObject({ kind: "image", input: name, from: "registry" });
  });

  it("names every tag of a push of all, and opens their repository", async () => {
    const user = userEvent.setup();
    const lines = ["v1", "v2"].map((tag) => `${tag}: digest: ${digestOf(tag)} size: 1370`);
    const { app } = await page([push({ state: "done", digest: digestOf("v2"), reference: "ghcr.io/myteam/myapp" })], { lines });
    expect(within(screen.getByRole("list", { name: "Tags and their digests" })).getAllByRole("listitem").map((line) => line.textContent)).toEqual(lines);
    expect(screen.getByRole("button", { name: "Copy 2 digests" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Copy pinned reference" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Open the repository" }));
    expect(app.navigation.page).toEqual({ kind: "repository", input: "ghcr.io/myteam/myapp" });
  });

  it("sends again what failed", async () => {
    const user = userEvent.setup();
    const { calls } = await page([push({ id: 4, state: "failed", fault: fault("connection_lost", "The registry closed the connection") })], { rows: [row({ state: "failed" })] });
    expect(layers()[0]).toHaveTextContent("Not pushed");
    await user.click(screen.getByRole("button", { name: "Send again" }));
    await waitFor(() => expect(calls).toContainEqual(["resume_job", { id: 4 }]));
  });

  it("a copy says both registries, and prints as skopeo does", async () => {
    await page([push({ verb: "copy", source: "ghcr.io/myteam/myapp:v1", title: "localhost:5000/myapp:v1", reference: "localhost:5000/myapp:v1" })], { rows: rows("moving"), lines: ["Getting image source signatures"] });
    expect(screen.getByText("ghcr.io/myteam/myapp:v1 to localhost:5000/myapp:v1")).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "As skopeo prints it" })).toBeInTheDocument();
    expect(layers()[0]).toHaveTextContent("Copying");
  });

  it("stands in the list of the others in its own words", async () => {
    await page([job({ id: 3 }), push({ id: 2, state: "done", digest: digestOf("a"), elapsed: 1_000 })]);
    const list = screen.getByRole("heading", { name: "Other transfers" }).parentElement ?? expect.fail();
    expect(within(list).getByText("Pushed 41.4 MB in 1.0 s")).toBeInTheDocument();
  });
});
