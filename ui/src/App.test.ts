import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, test } from "vitest";
import { signInState } from "./features/registries/registries";
import { fault } from "./ipc/fake";
import { renderWindow } from "./test/render";

const places = () => screen.getByRole("complementary", { name: "Places" });

describe("the window", () => {
  test("shortcuts open every page, and the way back works", async () => {
    const user = userEvent.setup();
    const { app } = await renderWindow();
    await user.keyboard("{Control>}2{/Control}");
    expect(app.navigation.page.kind).toBe("images");
    await user.keyboard("{Control>},{/Control}");
    expect(app.navigation.page.kind).toBe("settings");
    await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
    expect(app.navigation.page.kind).toBe("images");
    await user.keyboard("{Alt>}{ArrowRight}{/Alt}");
    expect(app.navigation.page.kind).toBe("settings");
    await user.keyboard("{Control>}1{/Control}{Control>}j{/Control}");
    expect([app.navigation.page.kind, app.wire.open]).toEqual(["home", true]);
    expect(app.settings.value.wireOpen).toBe(true);
  });

  test("Ctrl L goes to the reference bar, Ctrl P to the platforms", async () => {
    const user = userEvent.setup();
    await renderWindow();
    await user.keyboard("{Control>}l{/Control}");
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveFocus();
    await user.keyboard("nginx{Escape}{Escape}{Control>}p{/Control}");
    expect(await screen.findByRole("listbox", { name: "Platform" })).toBeVisible();
  });

  test("Ctrl L selects the open page's reference, so that typing replaces it", async () => {
    const user = userEvent.setup();
    const { app } = await renderWindow({ local: ["web:2.0"] });
    app.inspect("127.0.0.1:5055/web:2.0");
    const field = screen.getByRole("combobox", { name: "Image reference" });
    await waitFor(() => expect(field).toHaveValue("127.0.0.1:5055/web:2.0"));
    await user.keyboard("{Control>}l{/Control}nginx");
    expect(field).toHaveValue("nginx");
  });

  test("letters that are typed are text, not shortcuts", async () => {
    const user = userEvent.setup();
    const { app } = await renderWindow();
    await user.type(screen.getByRole("combobox", { name: "Image reference" }), "what?");
    expect(app.paletteOpen).toBe(false);
  });

  test("the theme is on the page, and follows the choice", async () => {
    const { app } = await renderWindow({ settings: { theme: "dark" } });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    await app.settings.setTheme("light");
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("light"));
  });

  test("the strip says how the open page is had in a terminal", async () => {
    const { app, container } = await renderWindow();
    await waitFor(() => expect(container.querySelector(".strip")).toHaveTextContent("curl http://127.0.0.1:5055/v2/_catalog"));
    app.inspect("nginx:1.25");
    await waitFor(() => expect(container.querySelector(".strip")).toHaveTextContent("docker buildx imagetools inspect nginx:1.25"));
  });

  test("the bar shows the reference of the open page", async () => {
    const { app } = await renderWindow();
    app.inspect("127.0.0.1:5055/web:2.0");
    await waitFor(() => expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("127.0.0.1:5055/web:2.0"));
    app.go({ kind: "images" });
    await waitFor(() => expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue(""));
  });

  test.each([["home"], ["settings"]] as const)("axe finds nothing on %s", async (kind) => {
    const { app, container } = await renderWindow();
    app.go({ kind });
    await waitFor(() => expect(app.shelf.state).toBe("ready"));
    await screen.findByRole("heading", { level: 1 });
    // jsdom lays nothing out, so contrast is checked from the tokens alone.
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  });

  test("axe finds nothing in the open bar", async () => {
    const user = userEvent.setup();
    const { container } = await renderWindow({ local: ["web:2.0"] });
    await user.type(screen.getByRole("combobox", { name: "Image reference" }), "web");
    await screen.findByRole("button", { name: /, Repository,/ });
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  });
});

describe("the sidebar", () => {
  test("has a row for each registry with how one is signed in", async () => {
    await renderWindow();
    expect(await within(places()).findByRole("button", { name: /Docker Hub.*Anonymous/ })).toBeVisible();
    expect(within(places()).getByRole("button", { name: /ghcr.io.*username/ })).toBeVisible();
    expect(within(places()).getByRole("button", { name: /Practice registry.*Running in Longshore/ })).toHaveAttribute("aria-current", "page");
  });

  test("counts images, and nests what was opened under its registry", async () => {
    const user = userEvent.setup();
    const { app } = await renderWindow({ local: ["web:2.0"], settings: { recent: ["nginx:1.25", "nginx:1.26", "ghcr.io/owner/app:v1"] } });
    expect(await within(places()).findByRole("button", { name: "Images 1" })).toBeVisible();
    expect(within(places()).getAllByRole("treeitem", { name: "library/nginx" })).toHaveLength(1);
    await user.click(within(places()).getByRole("treeitem", { name: "owner/app" }));
    expect(app.navigation.page).toEqual({ kind: "repository", input: "ghcr.io/owner/app" });
  });

  test("shows how far transfers are", async () => {
    const { app } = await renderWindow({ speed: 1000 });
    await app.pull("127.0.0.1:5055/web:2.0");
    expect(await within(places()).findByRole("progressbar", { name: "All transfers" })).toHaveAttribute("aria-valuenow", "0");
    expect(within(places()).getByText(/^1, 0%$/)).toBeVisible();
    await app.jobs.cancel(1);
  });

  test("registries that can't be read are said so, and asked for again", async () => {
    const user = userEvent.setup();
    const { host } = await renderWindow({ failing: { list_registries: fault("config_invalid", "line 3") } });
    await user.click(await within(places()).findByRole("button", { name: "Registries could not be read" }));
    expect(host.calls.filter(({ name }) => name === "list_registries")).toHaveLength(2);
  });

  test("a click on a registry begins a reference there", async () => {
    const user = userEvent.setup();
    await renderWindow();
    await user.click(await within(places()).findByRole("button", { name: /^ghcr.io/ }));
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("ghcr.io/");
  });

  test("every sign-in state has words", () => {
    const entry = { host: "h", label: "h", kind: "other" as const, account: null };
    expect((["anonymous", "account", "practice", "stopped", "plain"] as const).map((state) => signInState({ ...entry, state }).text)).toEqual([
      "Not signed in", "Signed in", "Running in Longshore", "Not running", "No sign-in, plain HTTP",
    ]);
  });
});
