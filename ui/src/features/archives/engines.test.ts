import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { describe, expect, it, vi } from "vitest";
import { fault, type FakeOptions } from "../../ipc/fake";
import { renderWindow } from "../../test/render";

const HOST = "127.0.0.1:5055";
const DOCKER = { id: "docker", name: "Docker", version: "27.1.1", place: "/var/run/docker.sock" };
const IMAGES = [
  { id: `sha256:${"ab".repeat(32)}`, names: ["myapp:dev", "myapp:old"], size: 212_000_000, created: "2026-11-20T10:00:00Z", moves: [] },
  { id: `sha256:${"cd".repeat(32)}`, names: [], size: 7_000_000, created: null, moves: [] },
];
async function engine(options: FakeOptions = {}) {
  const drawn = await renderWindow({ daemons: [DOCKER], daemonImages: IMAGES, local: ["multi:1.0"], ...options });
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: /^Docker ?27/ }));
  return { ...drawn, user };
}
const axeFinds = async (node: HTMLElement) => (await axe.run(node, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);

describe("Docker and Podman", () => {
  it("are not there where there is none", async () => {
    const { app } = await renderWindow({ local: ["web:2.0"] });
    await waitFor(() => expect(app.daemons.state).toBe("ready"));
    expect(screen.queryByRole("button", { name: /Docker \d|Podman/ })).toBeNull();
    app.inspect(`${HOST}/web:2.0`, { from: "store" });
    await userEvent.setup().click(await screen.findByRole("button", { name: "More about this image" }));
    expect(screen.queryByRole("menuitem", { name: /^Give/ })).toBeNull();
  });

  it("list what they have, and images are taken from there", async () => {
    const { app, container, host, user } = await engine();
    const rows = within(await screen.findByRole("list")).getAllByRole("listitem");
    expect(rows.map((row) => row.textContent.replace(/\s+/g, " ").trim().slice(0, 22))).toEqual(["myapp:dev and 1 more a", "no name cdcdcdcdcdcd 7"]);
    expect(app.command).toBe("docker image ls");
    expect(await axeFinds(container)).toEqual([]);
    await user.type(screen.getByRole("textbox", { name: "Filter images" }), "dev");
    expect(within(screen.getByRole("list")).getAllByRole("listitem")).toHaveLength(1);
    await user.click(screen.getByRole("button", { name: "Take myapp:dev" }));
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(host.calls.find(({ name }) => name === "start_take")?.args).toEqual({ daemon: "docker", image: "myapp:dev", replace: false });
    expect(await screen.findByRole("heading", { level: 1, name: /^Loaded myapp:dev/ })).toBeVisible();
  });

  it("ask before a name moves that stands for another image here", async () => {
    const moves = [{ name: "myapp:dev", previous: `sha256:${"ef".repeat(32)}` }];
    const { host, user } = await engine({ daemonImages: IMAGES.slice(0, 1).map((image) => ({ ...image, moves })) });
    const taken = () => host.calls.filter(({ name }) => name === "start_take").map(({ args }) => args);
    await user.click(await screen.findByRole("button", { name: "Take myapp:dev" }));
    const dialog = await screen.findByRole("dialog", { name: "Take myapp:dev from Docker?" });
    expect(within(within(dialog).getByRole("list", { name: "Names that would move" })).getByRole("listitem")).toHaveTextContent("myapp:dev");
    expect(await axeFinds(dialog)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(taken()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Take myapp:dev" }));
    await user.click(await screen.findByRole("button", { name: "Take and move the name" }));
    await waitFor(() => expect(taken()).toEqual([{ daemon: "docker", image: "myapp:dev", replace: true }]));
  });

  it("say that there is nothing", async () => {
    await engine({ daemonImages: [] });
    expect(await screen.findByText("Docker has no images")).toBeVisible();
  });
  it("say why a list can't be read", async () => {
    await engine({ failing: { daemon_images: fault("unreachable", "The socket refuses") } });
    expect(await screen.findByRole("alert")).toHaveTextContent("The socket refuses");
  });

  it("are given one platform of an image, after a question", async () => {
    const { app, host, user } = await engine();
    app.inspect(`${HOST}/multi:1.0`, { from: "store" });
    await user.click(await screen.findByRole("button", { name: "More about this image" }));
    await user.click(screen.getByRole("menuitem", { name: "Give to Docker…" }));
    const dialog = await screen.findByRole("dialog", { name: `Give ${HOST}/multi:1.0 to Docker` });
    expect(await axeFinds(dialog)).toEqual([]);
    await user.selectOptions(within(dialog).getByRole("combobox", { name: "Platform" }), "linux/arm64");
    await user.click(within(dialog).getByRole("button", { name: "Give to Docker" }));
    await waitFor(() => expect(host.calls.find(({ name }) => name === "start_give")?.args).toEqual({ daemon: "docker", input: `${HOST}/multi:1.0`, platform: "linux/arm64" }));
    expect(app.navigation.page.kind).toBe("transfers");
  });
});

describe("dragged out of the window", () => {
  const dragged = (host: { calls: { name: string; args: unknown }[] }) => host.calls.filter(({ name }) => name === "drag_out").map(({ args }) => args);

  it("an image by its name, and a layer by its row", async () => {
    const { app, host } = await renderWindow({ local: ["web:2.0"] });
    app.inspect(`${HOST}/web:2.0`, { from: "store", tab: "layers" });
    const name = await screen.findByRole("heading", { level: 1, name: "web" });
    expect(name).toHaveAttribute("draggable", "true");
    await fireEvent.dragStart(name);
    const row = within(await screen.findByRole("listbox", { name: /Layers/ })).getAllByRole("option").find(({ draggable }) => draggable);
    // The page's own drag does not begin.
    expect(await fireEvent.dragStart(row ?? document.body)).toBe(false);
    expect(dragged(host)).toEqual([
      { item: { kind: "image", source: { input: `${HOST}/web:2.0`, from: "store", platform: null } } },
      { item: { kind: "layer", input: `${HOST}/web:2.0`, digest: expect.stringMatching(/^sha256:/) as string } },
    ]);
  });

  it("is not mistaken for a file that is brought in", async () => {
    const { app, host } = await renderWindow({ local: ["web:2.0"] });
    app.inspect(`${HOST}/web:2.0`, { from: "store" });
    let dropped: (there: boolean) => void = () => undefined;
    const call = host.call.bind(host);
    vi.spyOn(host, "call").mockImplementation((name, args) => (name === "drag_out" ? (new Promise((resolve) => (dropped = resolve as never)) as never) : call(name, args)));
    await fireEvent.dragStart(await screen.findByRole("heading", { level: 1, name: "web" }));
    host.given({ kind: "over", names: ["web-2.0.tar"] });
    await tick();
    expect(screen.queryByText("Drop to look inside")).toBeNull();
    dropped(true);
    host.given({ kind: "given", files: [] });
    expect(app.given.of).toBe(0);
  });

  it("has Save beside it, and says what did not work", async () => {
    const { app, host } = await renderWindow({ local: ["web:2.0"], failing: { drag_out: fault("store_failed", "The layer can't be read") } });
    app.inspect(`${HOST}/web:2.0`, { from: "store", tab: "layers" });
    await userEvent.setup().click(await screen.findByRole("button", { name: "Save layer…" }));
    expect(host.calls.filter(({ name }) => name === "save_item")).toHaveLength(1);
    await waitFor(() => expect(app.announcement).toBe("Saved layer.tar.gz"));
    await fireEvent.dragStart(screen.getByRole("heading", { level: 1, name: "web" }));
    expect(await screen.findByRole("dialog", { name: "This did not work" })).toHaveTextContent("The layer can't be read");
  });
});
