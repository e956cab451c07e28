import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, test } from "vitest";
import { renderWindow } from "../../test/render";

async function open(options: Parameters<typeof renderWindow>[0] = {}) {
  const drawn = await renderWindow(options);
  const places = screen.getByRole("complementary", { name: "Places" });
  await within(places).findByRole("button", { name: /^Docker Hub,/ });
  const user = userEvent.setup({ delay: null });
  const choose = async (registry: string, item: string) => {
    await user.click(within(places).getByRole("button", { name: `Actions for ${registry}` }));
    await user.click(await screen.findByRole("menuitem", { name: item }));
  };
  return { ...drawn, places, user, choose };
}
const found = async (container: HTMLElement) => {
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
};

describe("a registry's menu", () => {
  test("signs out at once, and says where from", async () => {
    const { app, choose } = await open({ accounts: { "ghcr.io": { account: "me", keptIn: "the keychain" } } });
    await choose("ghcr.io", "Sign out");
    await waitFor(() => expect(app.announcement).toBe("Signed out of ghcr.io: removed from the keychain"));
    expect(app.command).toBe("docker logout ghcr.io");
    expect(await screen.findByRole("button", { name: "ghcr.io, Not signed in" })).toBeVisible();
  });
  test("signs in, and the row has the name", async () => {
    const { choose, user } = await open({ accounts: {} });
    await choose("Docker Hub", "Sign in…");
    const dialog = await screen.findByRole("dialog", { name: "Sign in to a registry" });
    await user.type(await within(dialog).findByLabelText("User name"), "me");
    await user.type(within(dialog).getByLabelText("Token"), "secret{Enter}");
    expect(await screen.findByRole("button", { name: "Docker Hub, me" })).toBeVisible();
  });
  test("the keyboard and the right button open the same menu", async () => {
    const { user, places } = await open();
    const row = within(places).getByRole("button", { name: /^ghcr.io,/ });
    await user.pointer({ target: row, keys: "[MouseRight]" });
    expect(await screen.findByRole("menuitem", { name: "Settings of this host…" })).toBeVisible();
    await user.keyboard("{Escape}");
    row.focus();
    await user.tab();
    await user.keyboard("{Enter}");
    expect(await screen.findByRole("menuitem", { name: "Change account…" })).toHaveFocus();
  });
  test("removes what was added, and says why another row stays", async () => {
    const { app, choose, places, user } = await open({ settings: { registries: ["nas:5000"], recent: ["nas:5000/app:1", "nginx"], pinned: ["nas:5000/base"] }, network: { hosts: [{ host: "nas:5000", plainHttp: true, skipTlsVerification: false, mirrors: [], trusted: [] }] } });
    await user.click(within(places).getByRole("button", { name: "Actions for Docker Hub" }));
    expect(await screen.findByRole("menuitem", { name: /Remove from the list/ })).toHaveAttribute("aria-disabled", "true");
    expect(screen.getByText("It is always in the list")).toBeVisible();
    await user.keyboard("{Escape}");
    await choose("nas:5000", "Remove from the list");
    await waitFor(() => expect(within(places).queryByRole("button", { name: /^nas:5000/ })).toBeNull());
    expect(app.settings.value).toMatchObject({ registries: [], recent: ["nginx"], pinned: [] });
    expect(app.network.value?.hosts).toEqual([]);
  });
});

describe("a registry that is added", () => {
  test("is asked first, and signed in to next where it wants that", async () => {
    const { app, user, places, container } = await open();
    await user.click(within(places).getByRole("button", { name: "Add registry" }));
    await user.type(await screen.findByLabelText("Host"), "registry.example.com:5000");
    expect(await found(container)).toEqual([]);
    await user.keyboard("{Enter}");
    const dialog = await screen.findByRole("dialog", { name: "Sign in to a registry" });
    expect(await within(dialog).findByLabelText("Host")).toHaveValue("registry.example.com:5000");
    expect(app.settings.value.registries).toEqual(["registry.example.com:5000"]);
    expect(within(places).getByRole("button", { name: "registry.example.com:5000, Not signed in" })).toBeVisible();
  });
  test("wants no sign-in where none is asked for", async () => {
    const { user, places, app } = await open();
    await user.click(within(places).getByRole("button", { name: "Add registry" }));
    await user.type(await screen.findByLabelText("Host"), "localhost:5001{Enter}");
    await waitFor(() => expect(app.settings.value.registries).toEqual(["localhost:5001"]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
  test("is added all the same where it does not answer, when that is asked for", async () => {
    const { user, places, app, host } = await open();
    await user.click(within(places).getByRole("button", { name: "Add registry" }));
    await user.type(await screen.findByLabelText("Host"), "down.example.com{Enter}");
    expect(await screen.findByText("down.example.com can't be reached")).toBeVisible();
    expect(app.settings.value.registries).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Ask again" }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "ping_registry")).toHaveLength(2));
    await user.click(await screen.findByRole("button", { name: "Add anyway" }));
    await waitFor(() => expect(app.settings.value.registries).toEqual(["down.example.com"]));
  });
  test.each([
    ["ghcr.io", "ghcr.io is in the list already"],
    ["docker.io", "Docker Hub is in the list already"],
    ["http://x", "A host has no http:// in front. Try x"],
  ])("%s is refused with a reason", async (text, reason) => {
    const { user, places, host } = await open();
    await user.click(within(places).getByRole("button", { name: "Add registry" }));
    await user.type(await screen.findByLabelText("Host"), `${text}{Enter}`);
    expect(screen.getByRole("alert")).toHaveTextContent(reason);
    expect(host.calls.some(({ name }) => name === "ping_registry")).toBe(false);
  });
});

describe("where an account comes from", () => {
  test("every place in order, the one that was used, and what Docker would do", async () => {
    const { app, container } = await open({ accounts: {} });
    void app.dialogs.ask({ kind: "trail", host: "1.dkr.ecr.eu-west-1.amazonaws.com" });
    const places = await screen.findByRole("list", { name: "Places, in the order they are looked in" });
    const steps = within(places).getAllByRole("listitem");
    expect(steps.map((step) => step.querySelector(".word")?.textContent.trim())).toEqual(["Nothing there", "Used", "Nothing there", "Not reached"]);
    expect(steps[1]).toHaveAttribute("aria-current", "true");
    expect(steps[1]).toHaveTextContent("*.dkr.ecr.*.amazonaws.com");
    expect(screen.getByText(/Docker would take another entry/)).toBeVisible();
    expect(screen.getByText(/would ask anonymously/)).toBeVisible();
    expect(await found(container)).toEqual([]);
  });
  test("signing in from there is seen there", async () => {
    const { app, user } = await open({ accounts: {} });
    void app.dialogs.ask({ kind: "trail", host: "ghcr.io" });
    const trail = await screen.findByRole("dialog", { name: "Where the account of ghcr.io comes from" });
    expect(await within(trail).findByText(/asked anonymously/)).toBeVisible();
    await user.click(within(trail).getByRole("button", { name: "Sign in…" }));
    const dialog = await screen.findByRole("dialog", { name: "Sign in to a registry" });
    await user.type(await within(dialog).findByLabelText("User name"), "me");
    await user.type(within(dialog).getByLabelText("Token"), "secret{Enter}");
    expect(await within(trail).findByText(/is asked as/)).toHaveTextContent("ghcr.io is asked as me, from auths of config.json.");
  });
});
