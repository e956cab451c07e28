import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { ImageDetail } from "../../ipc/bindings";
import { fakeHost, fault, type FakeOptions } from "../../ipc/fake";
import type { Host } from "../../ipc/host";
import { App } from "../../state/app.svelte";
import AppView from "../../App.svelte";
import { imageDetail, layer } from "../layers/layer.fixture";

/** The window at an image's page; `change` rewrites what the host answers. */
async function open(input: string, change: (detail: ImageDetail) => ImageDetail = (detail) => detail, options: FakeOptions = {}) {
  const fake = fakeHost({ speed: Infinity, ...options });
  const host: Host = {
    ...fake,
    call: (async (name: string, args: never) => {
      const answer = await fake.call(name as "inspect_image", args);
      return name === "inspect_image" ? change(answer) : answer;
    }) as Host["call"],
  };
  const app = new App(host);
  const { container } = render(AppView, { props: { app } });
  await app.start();
  app.inspect(input);
  return { app, calls: fake.calls, container, user: userEvent.setup() };
}
const tab = (name: RegExp) => screen.findByRole("tab", { name });
const WEB = "127.0.0.1:5055/web:2.0";
const MULTI = "127.0.0.1:5055/multi:1.0";

describe("an image's page", () => {
  it("says what the name points to and how it runs", async () => {
    await open(WEB);
    expect(await screen.findByRole("heading", { level: 1, name: "web" })).toBeInTheDocument();
    expect(screen.getByText(/names one config and three layers/)).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "How it runs" })).toBeInTheDocument();
    expect(screen.getAllByRole("tab").map((each) => each.textContent)).toEqual(["Overview", "Layers3", "Files", "Manifest", "Referrers"]);
  });

  it("pulls what is missing, and says how much", async () => {
    const { app, calls, user } = await open(WEB, undefined, { local: ["hello:1.0"] });
    await user.click(await screen.findByRole("button", { name: "Pull 6.0 MB" }));
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(calls.find(({ name }) => name === "start_pull")?.args).toMatchObject({ request: { input: WEB } });
  });

  const items = async (user: Awaited<ReturnType<typeof open>>["user"]) => {
    await user.click(await screen.findByRole("button", { name: "More about this image" }));
    return screen.getAllByRole("menuitem").map((each) => each.textContent.replace(/Ctrl.*/, "").trim());
  };

  it("offers to push what is here, and in its menu to tag, pull again and remove it", async () => {
    const { app, user } = await open(WEB, undefined, { local: ["web:2.0"] });
    expect(await items(user)).toEqual(["Tag on this computer…", "Save and export side by side…", "Pull again", "Compare with…", "Show all tags", "Copy docker pull command", "Remove from this computer…"]);
    await user.click(screen.getByRole("menuitem", { name: /^Remove/ }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(app.navigation.page.kind).toBe("images"));
  });

  it("asks for the planner with the button, and with its key", async () => {
    const { app, user } = await open(WEB, undefined, { local: ["web:2.0"] });
    await user.click(await screen.findByRole("button", { name: "Push…" }));
    expect(app.dialogs.current).toEqual({ kind: "push", reference: WEB });
    app.dialogs.close();
    const event = { key: "p", ctrlKey: true, shiftKey: true };
    app.actions.press(new KeyboardEvent("keydown", event));
    expect(app.dialogs.current).toEqual({ kind: "push", reference: WEB });
    app.dialogs.close();
    app.actions.press(new KeyboardEvent("keydown", { ...event, key: "t" }));
    expect(app.dialogs.current).toEqual({ kind: "tag", reference: WEB });
  });

  it("offers to copy and retag what is in the registry, and no removal of what is not here", async () => {
    const { app, user } = await open(WEB);
    await user.click(await screen.findByRole("button", { name: "Copy to…" }));
    expect(app.dialogs.current).toEqual({ kind: "copy", references: [WEB] });
    app.dialogs.close();
    expect(await items(user)).toEqual(["Retag in the registry…", "Save and export side by side…", "Compare with…", "Show all tags", "Copy docker pull command"]);
    await user.click(screen.getByRole("menuitem", { name: /^Retag/ }));
    await waitFor(() => expect(app.dialogs.current).toEqual({ kind: "retag", reference: WEB }));
    expect(screen.queryByRole("button", { name: "Push…" })).toBeNull();
  });

  it("changes the platform in place", async () => {
    const { app, user } = await open(MULTI);
    const radios = await screen.findAllByRole("radio");
    expect(radios.map((each) => each.getAttribute("aria-checked"))).toEqual(["true", "false", "false"]);
    await user.click(radios[1] ?? expect.fail());
    expect(app.navigation.page).toMatchObject({ platform: "linux/arm64" });
    expect(await screen.findByText(/linux\/arm64: names one config/)).toBeInTheDocument();
    screen.getByRole("radio", { name: /arm64/ }).focus();
    await user.keyboard("{ArrowDown}");
    expect(await screen.findByText(/linux\/arm\/v7: names one config/)).toBeInTheDocument();
  });

  it("says the command line of each tab", async () => {
    const { app, user } = await open(WEB);
    await user.click(await tab(/Layers/));
    await waitFor(() => expect(app.command).toBe(`docker history --no-trunc ${WEB}`));
    await user.click(await tab(/Manifest/));
    await waitFor(() => expect(app.command).toBe(`crane manifest ${WEB}`));
  });

  it("draws a fault where there is no image, with another try", async () => {
    await open("127.0.0.1:5055/nothing:1");
    expect(await screen.findByRole("alert")).toHaveTextContent(/nothing/);
    expect(screen.queryByRole("tab")).toBeNull();
  });

  it("shows oddities of the content as notes", async () => {
    await open(WEB, (detail) => ({ ...detail, flags: ["The config lists 3 diff IDs for 4 layers"] }));
    expect(await screen.findByText("The config lists 3 diff IDs for 4 layers")).toBeInTheDocument();
  });

  it("f117 text of an image is text", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    const { container } = await open(WEB, (detail) => ({
      ...detail,
      tag: evil,
      flags: [evil],
      run: detail.run && { ...detail.run, labels: [{ key: evil, value: evil }] },
      layers: detail.layers.map((each) => ({ ...each, arguments: evil })),
    }));
    await screen.findByRole("heading", { level: 1, name: "web" });
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getAllByText(evil, { exact: false }).length).toBeGreaterThan(2);
  });

  it("f118 acting characters are escaped, and a huge label is cut", async () => {
    const { container } = await open(WEB, (detail) => ({
      ...detail,
      run: detail.run && { ...detail.run, labels: [{ key: "rtl", value: "a\u202eb\u001b[31m" }, { key: "huge", value: "x".repeat(10_000_000) }] },
    }));
    expect(await screen.findByText("a\\u202eb\\u001b[31m")).toBeInTheDocument();
    expect(container.textContent.length).toBeLessThan(20_000);
  });

  it("f119_a link of a label opens after the host was named, and anything else is text", async () => {
    const source = "https://github.com/team/app";
    const evil = "javascript:alert(1)";
    const { user, calls } = await open(WEB, (detail) => ({
      ...detail,
      run: detail.run && { ...detail.run, labels: [{ key: "org.opencontainers.image.source", value: source }, { key: "org.opencontainers.image.url", value: evil }] },
      annotations: [{ key: "org.opencontainers.image.documentation", value: "https://docs.example/app" }],
      links: [{ key: "org.opencontainers.image.source", value: source, host: "github.com" }, { key: "org.opencontainers.image.documentation", value: "https://docs.example/app", host: "docs.example" }],
    }));
    const link = await screen.findByRole("button", { name: source });
    expect(screen.getByRole("button", { name: "https://docs.example/app" })).toBeVisible();
    expect(screen.queryByRole("button", { name: evil })).toBeNull();
    expect(screen.queryByRole("link")).toBeNull();
    expect(screen.getByText(evil)).toBeVisible();
    await user.click(link);
    const dialog = await screen.findByRole("dialog", { name: "Open github.com?" });
    expect(within(dialog).getByText(source)).toBeVisible();
    expect(calls.filter(({ name }) => name === "open_link")).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(calls.filter(({ name }) => name === "open_link")).toEqual([]);
    await user.click(link);
    await user.click(await screen.findByRole("button", { name: "Open github.com" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    // No address goes to Rust: the image, the label and the host that was named do.
    expect(calls.filter(({ name }) => name === "open_link").map(({ args }) => args)).toEqual([{ input: WEB, from: "registry", platform: null, key: "org.opencontainers.image.source", host: "github.com" }]);
  });

  it("shows an artifact raw, and says why", async () => {
    await open(WEB, (detail) => ({ ...detail, manifest: null, config: null, run: null, platforms: [], layers: [], layerCount: 0, mediaType: "application/vnd.cncf.helm.config.v1+json" }));
    expect(await screen.findByText(/This is not an image that runs/)).toBeInTheDocument();
    expect(screen.getAllByRole("tab").map((each) => each.textContent)).toEqual(["Documents", "Referrers"]);
    expect(screen.queryByRole("button", { name: /Pull \d/ })).toBeNull();
  });
});

describe("the layers", () => {
  it("are walked with the keyboard, steps without bytes among them", async () => {
    const { user } = await open(WEB);
    await user.click(await tab(/Layers/));
    const list = screen.getByRole("listbox", { name: /Layers/ });
    expect(within(list).getAllByRole("option").map((each) => each.querySelector(".visually-hidden")?.textContent.split(",")[0])).toEqual([
      "Step without bytes", "Layer 3", "Layer 2", "Layer 1",
    ]);
    const chosen = () => within(list).getAllByRole("option").find((each) => each.getAttribute("aria-selected") === "true");
    expect(chosen()).toHaveAccessibleName(/^Layer 3/);
    list.focus();
    await user.keyboard("{ArrowDown}");
    expect(chosen()).toHaveAccessibleName(/^Layer 2/);
    expect(list.getAttribute("aria-activedescendant")).toBe(chosen()?.id);
    expect(screen.getByRole("heading", { name: "Layer 2" })).toBeInTheDocument();
    await user.keyboard("{End}");
    expect(chosen()).toHaveAccessibleName(/^Layer 1/);
    await user.keyboard("{Home}");
    expect(screen.getByRole("heading", { name: "Step without bytes" })).toBeInTheDocument();
  });

  it("say which other images they serve, and open them", async () => {
    const shared = imageDetail({ from: "store", local: "same", layers: [layer(1, { alsoIn: ["node:20-slim"], presentLocally: true }), layer(2, { presentLocally: true })] });
    const { app, user } = await open(WEB, () => shared);
    await user.click(await tab(/Layers/));
    expect(screen.getByText("Layer 1 also serves")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "node:20-slim" }));
    expect(app.navigation.page).toMatchObject({ input: "node:20-slim", from: "store" });
  });
});

describe("the manifest", () => {
  it("explains a digest, and leads to what it points to", async () => {
    const { user } = await open(WEB);
    await user.click(await tab(/Manifest/));
    const text = screen.getByRole("group", { name: "Text of the document" });
    const digests = within(text).getAllByRole("button");
    expect(digests).toHaveLength(4);
    await user.click(digests[2] ?? expect.fail());
    expect(screen.getByRole("heading", { name: "Layer 2" })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Open layer" }));
    expect(screen.getByRole("option", { selected: true })).toHaveAccessibleName(/^Layer 2/);
  });

  it("switches between the documents", async () => {
    const { app, user } = await open(MULTI);
    await user.click(await tab(/Manifest/));
    const choose = screen.getByRole("group", { name: "Document" });
    expect(within(choose).getAllByRole("button").map((each) => each.textContent)).toEqual(["Index", "linux/amd64", "linux/arm64", "linux/arm/v7", "Config"]);
    await user.click(within(choose).getByRole("button", { name: "Config" }));
    expect(screen.getByText(/"diff_ids"/)).toBeInTheDocument();
    await user.click(within(choose).getByRole("button", { name: "linux/arm64" }));
    await waitFor(() => expect(app.navigation.page).toMatchObject({ platform: "linux/arm64", tab: "manifest" }));
  });

  it("hashes stored bytes where they lie", async () => {
    const { calls, user } = await open(WEB, undefined, { local: ["web:2.0"] });
    await user.click(await tab(/Manifest/));
    await user.click(screen.getByRole("button", { name: "Hash it now" }));
    expect(await screen.findByText("The same.")).toBeInTheDocument();
    expect(calls.some(({ name }) => name === "hash_document")).toBe(true);
  });

  it("hashes here what came from a registry, and says when it is not the same", async () => {
    const { calls, user } = await open(WEB);
    await user.click(await tab(/Manifest/));
    await user.click(screen.getByRole("button", { name: "Hash it now" }));
    // The fake's digests are make-believe, so the real hash of its text differs.
    expect(await screen.findByText("Not the same.")).toBeInTheDocument();
    expect(calls.some(({ name }) => name === "hash_document")).toBe(false);
  });

  it("keeps few lines of a document of 4 MiB in the page", async () => {
    const text = JSON.stringify({ layers: Array.from({ length: 40_000 }, () => ({ digest: `sha256:${"ab".repeat(32)}`, size: 1 })) });
    const { container, user } = await open(WEB, (detail) => ({ ...detail, documents: detail.documents.map((each, index) => (index === 0 ? { ...each, text, size: text.length } : each)) }));
    await user.click(await tab(/Manifest/));
    expect(container.querySelectorAll(".line").length).toBeLessThan(120);
    expect(screen.getByText(/indented for reading/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Indent" }));
    expect(screen.getByText(/exactly as received/)).toBeInTheDocument();
  });

  it("says so where a document is no text", async () => {
    const { user } = await open(WEB, (detail) => ({ ...detail, documents: detail.documents.map((each) => ({ ...each, text: null })) }));
    await user.click(await tab(/Manifest/));
    expect(screen.getByText("This is not text.")).toBeInTheDocument();
  });

  it("keeps what was read when a later read fails", async () => {
    let fails = false;
    const { app } = await open(WEB, (detail) => {
       
      if (fails) throw fault("unreachable", "The registry does not answer");
      return detail;
    });
    await screen.findByRole("heading", { level: 1, name: "web" });
    fails = true;
    app.storeChanged();
    expect(await screen.findByText(/What is shown was read before/)).toBeInTheDocument();
    expect(screen.getByRole("heading", { level: 1, name: "web" })).toBeInTheDocument();
  });
});
