import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import type { PushPlan, PushRequest } from "../../ipc/bindings";
import { fault, type FakeOptions } from "../../ipc/fake";
import type { Asked } from "../../state/dialogs.svelte";
import { renderWindow } from "../../test/render";

const HOST = "127.0.0.1:5055";
const WEB = `${HOST}/web:2.0`;
const LOCAL = ["web:2.0", "web:2.1", "multi:1.0", "hello:1.0"];

async function sheet(asked: Asked, options: FakeOptions = {}) {
  const drawn = await renderWindow({ local: LOCAL, ...options });
  await waitFor(() => expect(drawn.app.images.state).toBe("ready"));
  await waitFor(() => expect(drawn.app.registries.state).toBe("ready"));
  void drawn.app.dialogs.ask(asked);
  const dialog = await screen.findByRole("dialog");
  const field = within(dialog).getByRole("combobox", { name: "Destination" });
  const requests = (name: "plan_push" | "start_push") => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => (args as { request: PushRequest }).request);
  const go = () => within(dialog).getByRole("button", { name: /^(Push|Copy)( [\d.]+ \w+)?$/ });
  const user = userEvent.setup();
  const type = async (text: string) => {
    await user.clear(field);
    await user.type(field, text);
    await waitFor(() => expect(requests("plan_push").at(-1)?.destination).toBe(text));
    await waitFor(() => expect(dialog.querySelector(".result")).toHaveAttribute("aria-busy", "false"));
  };
  return { ...drawn, dialog, field, requests, go, user, type };
}
const layers = (dialog: HTMLElement) => within(within(dialog).getByRole("list", { name: "Layers" })).getAllByRole("listitem").map((row) => row.getAttribute("aria-label")?.replace(/^(\w+) \w+, /, "$1 "));
const push = (reference = WEB, destination?: string): Asked => ({ kind: "push", reference, ...(destination !== undefined && { destination }) });
const STABLE = "ghcr.io/username/web:stable";

describe("the push planner", () => {
  it("plans for the image's own name at once, and nothing moves", async () => {
    const { dialog, field, requests } = await sheet(push());
    expect(field).toHaveValue(WEB);
    expect(field).toHaveFocus();
    expect(await within(dialog).findByText("No layer moves")).toBeVisible();
    expect(within(dialog).getByText(/Everything is there already/)).toBeVisible();
    expect(requests("plan_push")).toEqual([{ input: WEB, from: "store", destination: WEB, platforms: [], allTags: false }]);
    expect(requests("start_push")).toEqual([]);
  });

  it("says of each layer whether it is there, mounted or uploaded, and adds up the bytes", async () => {
    const { dialog, go } = await sheet(push(WEB, STABLE));
    await within(dialog).findByText("901 kB");
    expect(layers(dialog)).toEqual([
      "Layer 2.8 MB, Layer already exists, ADD rootfs.tar /",
      "Layer 5.1 MB, Mounted from username/worker, RUN install runtime",
      "Layer 900 kB, Will be uploaded, COPY app/ /app/",
      "Config 1.5 kB, Will be uploaded, config",
    ]);
    expect(within(dialog).getByText("2.8 MB there already")).toBeVisible();
    expect(within(dialog).getByText(/901 kB in 2 blobs, uploaded/)).toBeVisible();
    expect(go()).toHaveTextContent("Push 901 kB");
    expect(within(dialog).getByText("docker tag 127.0.0.1:5055/web:2.0 ghcr.io/username/web:stable && docker push ghcr.io/username/web:stable")).toBeVisible();
  });

  it("that was closed before the answer leaves the page alone, and what was wrong is kept", async () => {
    const { app, dialog, go, host } = await sheet(push(WEB, `${HOST}/mine/web:1`));
    await waitFor(() => expect(go()).toBeEnabled());
    let answer: (thrown: unknown) => void = () => undefined;
    vi.spyOn(host, "call").mockImplementationOnce(() => new Promise((_, reject) => (answer = reject)));
    await userEvent.click(go());
    await userEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    app.go({ kind: "images" });
    answer(fault("auth_refused", "`mine` may not be written"));
    await waitFor(() => expect(app.refusals.all).toHaveLength(1));
    expect(app.navigation.page).toEqual({ kind: "images" });
    expect(app.refusals.all[0]).toMatchObject({ asked: { verb: "push", source: WEB }, subject: `${HOST}/mine/web:1` });
    expect(app.announcement).toBe(`${HOST}/mine/web:1 was not pushed: mine may not be written`);
  });

  it("draws slabs to scale", async () => {
    const { dialog } = await sheet(push(WEB, STABLE));
    await within(dialog).findByText("901 kB");
    const widths = [...dialog.querySelectorAll<HTMLElement>(".lt .slab")].map(({ style }) => parseInt(style.width));
    expect(widths).toEqual([72, 132, 23, 4]);
  });

  it("asks before a tag moves or platforms get lost, and then pushes exactly what was planned", async () => {
    const { app, dialog, go, requests, user } = await sheet(push(WEB, STABLE));
    const agree = await within(dialog).findByRole("checkbox", { name: /^Move stable from \w{8} to this image, and leave linux\/arm64 without an image$/ });
    expect(go()).toBeDisabled();
    expect(go()).toHaveAttribute("title", "Confirm what would be taken away first");
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(requests("start_push")).toEqual([]);
    await user.click(agree);
    expect(agree).toBeChecked();
    await user.click(go());
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(requests("start_push")).toEqual([{ input: WEB, from: "store", destination: STABLE, platforms: [], allTags: false }]);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(app.command).toContain(`docker push ${STABLE}`);
  });

  it("has a confirmation for one plan alone", async () => {
    const { dialog, host, user } = await sheet(push(WEB, STABLE));
    const agree = await within(dialog).findByRole("checkbox", { name: /^Move stable/ });
    await user.click(agree);
    expect(agree).toBeChecked();
    // Somebody else moves the tag meanwhile: the next plan says so.
    const call = host.call.bind(host);
    vi.spyOn(host, "call").mockImplementation(async (name, args) => {
      const answer = await call(name, args);
      if (name !== "plan_push") return answer;
      const plan = answer as PushPlan;
      return { ...plan, tags: plan.tags.map((tag) => ({ ...tag, previous: `sha256:${"c".repeat(64)}` })) };
    });
    await user.click(within(dialog).getByRole("combobox", { name: "Destination" }));
    await user.keyboard("{Escape}{Enter}");
    expect(await within(dialog).findByRole("checkbox", { name: /^Move stable from cccccccc/ })).not.toBeChecked();
  });

  it("asks the registry once for what was typed in one go", async () => {
    const { field, requests, user } = await sheet(push(`${HOST}/hello:1.0`, ""));
    expect(requests("plan_push")).toEqual([]);
    await user.type(field, "ghcr.io/username/hello:9");
    await waitFor(() => expect(requests("plan_push")).toHaveLength(1));
    expect(requests("plan_push")[0]?.destination).toBe("ghcr.io/username/hello:9");
  });

  it("drops an answer that another name has overtaken", async () => {
    const { dialog, field, host, type, go, user } = await sheet(push(WEB, STABLE));
    await within(dialog).findByText("901 kB");
    const call = host.call.bind(host);
    let release: () => void = () => undefined;
    vi.spyOn(host, "call").mockImplementation(async (name, args) => {
      if (name === "plan_push" && (args as { request: PushRequest }).request.destination.endsWith(":slow")) await new Promise<void>((resolve) => (release = resolve));
      return call(name, args);
    });
    await user.clear(field);
    await user.type(field, "ghcr.io/username/web:slow{Enter}");
    await new Promise((resolve) => setTimeout(resolve, 30));
    // While it is asked, nothing that was planned for another name can be pushed.
    expect(go()).toBeDisabled();
    await type(`${HOST}/web:2.0`);
    release();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(within(dialog).getByText("No layer moves")).toBeVisible();
  });

  it("takes the destination apart, with its traps: myregistry/myapp is on Docker Hub", async () => {
    const { app, dialog, go, type, user, host } = await sheet(push());
    await type("myregistry/myapp");
    expect(within(dialog).getByText(/is an account on Docker Hub, not a host/)).toBeVisible();
    expect(within(dialog).getByRole("button", { name: "docker.io, Registry, implied" })).toBeVisible();
    expect(await within(dialog).findByText("May not push")).toBeVisible();
    expect(go()).toHaveAttribute("title", "This account may not push there");
    const planned = host.calls.filter(({ name }) => name === "plan_push").length;
    await user.click(within(dialog).getByRole("button", { name: "Sign in…" }));
    expect(app.dialogs.current).toEqual({ kind: "sign-in", host: "docker.io" });
    app.dialogs.close(true);
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "plan_push")).toHaveLength(planned + 1));
    expect(within(dialog).getByRole("combobox", { name: "Destination" })).toHaveValue("myregistry/myapp");
  });

  it("shows a fault in place, and the field is still there to correct it", async () => {
    const { app, dialog, go, type } = await sheet(push());
    await type("nowhere.example.com/web:2.0");
    expect(await within(dialog).findByText("Nothing was pushed")).toBeVisible();
    expect(within(dialog).getByText("`nowhere.example.com` can't be reached".replaceAll("`", ""), { exact: false })).toBeVisible();
    expect(go()).toBeDisabled();
    expect(app.wire.open).toBe(false);
    await type(WEB);
    expect(within(dialog).queryByText("Nothing was pushed")).toBeNull();
  });

  it("plans for nothing that is no name, or is still being typed", async () => {
    const { dialog, field, go, requests, user } = await sheet(push(`${HOST}/hello:1.0`, ""));
    await user.type(field, "ghcr.io/User/x");
    expect(await within(dialog).findByText(/A repository name is lower case/)).toBeVisible();
    await user.clear(field);
    await user.type(field, "ghcr.io/");
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(requests("plan_push")).toEqual([]);
    expect(go()).toBeDisabled();
    await user.type(field, `x@sha256:${"a".repeat(64)}{Enter}`);
    expect(await within(dialog).findByText(/A push goes to a tag/)).toBeVisible();
    expect(requests("plan_push")).toEqual([]);
  });

  it("offers what is known, by keyboard alone", async () => {
    const { dialog, field, requests, user } = await sheet(push(`${HOST}/hello:1.0`, ""), { settings: { pinned: ["ghcr.io/team/base"] } });
    const list = await within(dialog).findByRole("listbox", { name: "Destinations that are known" });
    expect(within(list).getAllByRole("option").map((each) => each.textContent.trim())).toEqual([
      `${HOST}/hello:1.0 Its own name`, "ghcr.io/username/hello:1.0 Your account on ghcr.io", "localhost:5000/hello:1.0 A registry you have used", "ghcr.io/team/base:1.0 Pinned repository",
    ]);
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(field).toHaveAttribute("aria-activedescendant", within(list).getAllByRole("option")[1]?.id);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(requests("plan_push").at(-1)?.destination).toBe("ghcr.io/username/hello:1.0"));
    expect(await within(dialog).findByText("new tag")).toBeVisible();
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(requests("start_push")).toHaveLength(1));
  });

  it("closes the list first, then the sheet", async () => {
    const { dialog, user } = await sheet(push());
    await user.keyboard("{ArrowDown}");
    expect(within(dialog).getByRole("listbox")).toBeVisible();
    await user.keyboard("{Escape}");
    expect(within(dialog).queryByRole("listbox")).toBeNull();
    expect(screen.getByRole("dialog")).toBe(dialog);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("pushes every tag that is here under its own name", async () => {
    const { dialog, go, requests, user } = await sheet(push(WEB, "ghcr.io/username/web:stable"));
    await user.click(await within(dialog).findByRole("checkbox", { name: /^Every tag of 127.0.0.1:5055\/web that is here/ }));
    await waitFor(() => expect(requests("plan_push").at(-1)).toEqual({ input: `${HOST}/web`, from: "store", destination: "ghcr.io/username/web", platforms: [], allTags: true }));
    expect(within(dialog).getByText(/The tag is not used/)).toBeVisible();
    expect(within(dialog).queryByRole("button", { name: /, Tag,/ })).toBeNull();
    const tags = await within(dialog).findByRole("list", { name: "Tags" });
    await waitFor(() => expect(within(tags).getAllByRole("listitem").map((each) => each.textContent.trim().slice(0, 3))).toEqual(["2.0", "2.1"]));
    expect(within(dialog).getByText("docker push --all-tags ghcr.io/username/web")).toBeVisible();
    await user.click(go());
    await waitFor(() => expect(requests("start_push")).toHaveLength(1));
  });

  it("lets platforms be left out, but never all of them", async () => {
    const { dialog, requests, user } = await sheet(push(`${HOST}/multi:1.0`));
    const list = await within(dialog).findByRole("list", { name: "Platforms" });
    const box = (name: RegExp) => within(list).getByRole("checkbox", { name });
    expect(within(list).getAllByRole("checkbox").map((each) => each.getAttribute("aria-checked"))).toEqual(["true", "true", "true"]);
    await user.click(box(/arm\/v7/));
    await waitFor(() => expect(requests("plan_push").at(-1)?.platforms).toEqual(["linux/amd64", "linux/arm64"]));
    expect(await within(dialog).findByText(/there now, would be lost/)).toBeVisible();
    expect(await within(dialog).findByRole("checkbox", { name: /^Move 1.0 from \w{8} to this image, and leave linux\/arm\/v7 without an image/ })).not.toBeChecked();
    await user.click(box(/amd64/));
    await waitFor(() => expect(requests("plan_push").at(-1)?.platforms).toEqual(["linux/arm64"]));
    await waitFor(() => expect(box(/arm64/)).toBeDisabled());
  });

  it("says why a push could not start, and stays", async () => {
    const { dialog, go, user, requests } = await sheet(push(`${HOST}/hello:1.0`), { failing: { start_push: fault("store_failed", "The store is locked", { hint: "Close the other window" }) } });
    await waitFor(() => expect(go()).toBeEnabled());
    await user.click(go());
    expect(await within(dialog).findByText(/The store is locked. Close the other window/)).toBeVisible();
    expect(requests("start_push")).toHaveLength(1);
    expect(go()).toBeEnabled();
  });

  it("closes when a remedy opens another page", async () => {
    const { app } = await sheet(push());
    app.go({ kind: "settings" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("the copy planner", () => {
  const copy = (...tags: string[]): Asked => ({ kind: "copy", references: tags.map((tag) => `${HOST}/${tag}`) });

  it("has to be told where to, and moves from registry to registry", async () => {
    const { app, dialog, field, requests, type, go, user } = await sheet(copy("web:2.0"));
    expect(field).toHaveValue("");
    expect(go()).toHaveAttribute("title", "Say where it goes first");
    await type("ghcr.io/username/web:promoted");
    expect(requests("plan_push").at(-1)).toMatchObject({ from: "registry", input: WEB });
    expect(within(dialog).getByText(`skopeo copy --all docker://${WEB} docker://ghcr.io/username/web:promoted`)).toBeVisible();
    await user.click(go());
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(await screen.findByRole("heading", { level: 1, name: /^(Copying|Copied) ghcr.io\/username\/web:promoted/ })).toBeVisible();
  });

  it("copies several tags, each under its own name, and counts a shared layer once", async () => {
    const { dialog, requests, go, user, field } = await sheet(copy("web:2.0", "web:2.1"));
    expect(within(dialog).getByRole("heading", { name: "Copy 2 tags" })).toBeVisible();
    await user.type(field, "ghcr.io/username/new");
    const rows = within(await within(dialog).findByRole("list", { name: "Tags to copy" })).getAllByRole("listitem");
    await waitFor(() => expect(requests("plan_push").map(({ destination }) => destination)).toEqual(["ghcr.io/username/new:2.0", "ghcr.io/username/new:2.1"]));
    await waitFor(() => expect(rows[1]).toHaveTextContent("new tag"));
    // base and runtime are mounted from what the registry has; the two apps and configs move.
    expect(go()).toHaveTextContent("Copy 1.8 MB");
    await user.click(go());
    await waitFor(() => expect(requests("start_push")).toHaveLength(2));
  });

  it("says which of several stopped the plan", async () => {
    const { dialog, field, user, go } = await sheet(copy("web:2.0", "gone:1"));
    await user.type(field, "ghcr.io/username/new");
    expect(await within(dialog).findByText("Not planned")).toBeVisible();
    expect(within(dialog).getByText("Nothing was copied")).toBeVisible();
    expect(go()).toBeDisabled();
  });
});

it.each<[name: string, asked: Asked]>([
  ["a push with a move", push(WEB, STABLE)],
  ["a push of several platforms", push(`${HOST}/multi:1.0`)],
  ["a fault", push(WEB, "nowhere.example.com/x:1")],
  ["a copy of several", { kind: "copy", references: [WEB, `${HOST}/web:2.1`], destination: "ghcr.io/username/new" }],
])("axe finds nothing in %s", async (_, asked) => {
  const { dialog } = await sheet(asked);
  await waitFor(() => expect(dialog.querySelector(".result")).toHaveAttribute("aria-busy", "false"));
  await waitFor(() => expect(dialog.querySelector(".sum, .fault")).not.toBeNull());
  const { violations } = await axe.run(dialog, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`)).toEqual([]);
});

it("a platform that is lost is named once, also where the source never had it", async () => {
  const { dialog } = await sheet(push(WEB, STABLE));
  const list = await within(dialog).findByRole("list", { name: "Platforms" });
  expect(within(list).getAllByRole("listitem").map((each) => each.textContent.trim())).toEqual(["linux/arm64 there now, would be lost"]);
});
