import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { fault } from "../../ipc/fake";
import { renderWithApp } from "../../test/render";
import { platformProblem, readHost } from "./hosts";
import SettingsPage from "./SettingsPage.svelte";

describe("readHost", () => {
  test.each([
    ["registry.example.com:5000", "registry.example.com:5000"],
    ["  Registry.Example.com ", "registry.example.com"],
    ["192.168.1.4:5000", "192.168.1.4:5000"],
    ["[fe80::1]:5000", "[fe80::1]:5000"],
    ["nas", "nas"],
  ])("%o is %s", (text, host) => expect(readHost(text, [])).toEqual({ host, problem: null }));
  test.each([
    ["", /Type a host/],
    ["http://x:5000/v2/", /no http:\/\/ in front. Try x:5000/],
    ["x/y", /no slash. Try x/],
    ["a b", /a name or an address/],
    ["host:99999", /between 1 and 65535/],
    ["host:0", /between 1 and 65535/],
    ["known", /in the list already/],
    ["-x", /a name or an address/],
  ])("%o is refused", (text, problem) => expect(readHost(text, ["known"]).problem).toMatch(problem));
  test.each([["linux/amd64"], ["linux/arm/v7"], ["windows/amd64"]])("%s is a platform", (text) => expect(platformProblem(text)).toBeNull());
  test.each([["linux"], ["linux/"], ["Linux/amd64"], ["linux/arm v7"], ["a/b/c/d"]])("%o is none", (text) => expect(platformProblem(text)).not.toBeNull());
});

describe("the settings page", () => {
  test("a theme is kept and shown at once", async () => {
    const user = userEvent.setup();
    const { app, host } = await renderWithApp(SettingsPage, {});
    await user.click(await screen.findByRole("button", { name: "Dark" }));
    expect(app.settings.theme).toBe("dark");
    expect(screen.getByRole("button", { name: "Dark" })).toHaveAttribute("aria-pressed", "true");
    expect(host.calls.at(-1)).toMatchObject({ name: "write_settings", args: { settings: { theme: "dark" } } });
  });

  test("listing what was pulled is given up and taken up again", async () => {
    const user = userEvent.setup();
    const { app } = await renderWithApp(SettingsPage, {});
    const box = await screen.findByRole("checkbox", { name: /^List the files of what was pulled/ });
    expect(box).toBeChecked();
    for (const listed of [false, true]) {
      await user.click(box);
      await waitFor(() => expect(app.settings.value.listPulled).toBe(listed));
    }
  });

  test("a platform is kept when it is one", async () => {
    const user = userEvent.setup();
    const { app } = await renderWithApp(SettingsPage, {});
    const field = await screen.findByRole("combobox", { name: "Default platform" });
    await user.type(field, "linux");
    expect(screen.getByText(/A platform is written like/)).toBeVisible();
    await user.tab();
    expect(app.settings.value.platform).toBeNull();
    await user.clear(field);
    await user.type(field, "linux/arm64");
    await user.tab();
    await waitFor(() => expect(app.settings.value.platform).toBe("linux/arm64"));
    expect(app.defaultPlatform).toBe("linux/arm64");
  });

  test("paths are shown, and unused bytes are counted before they are freed", async () => {
    const user = userEvent.setup();
    const { host } = await renderWithApp(SettingsPage, {});
    expect(await screen.findByText("/home/you/.local/share/longshore/store")).toBeVisible();
    expect(screen.getByText("/home/you/.docker/config.json")).toBeVisible();
    expect(screen.queryByRole("button", { name: /^Free/ })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Count unused bytes" }));
    expect(host.calls.at(-1)).toEqual({ name: "collect_garbage", args: { dryRun: true } });
    await user.click(await screen.findByRole("button", { name: "Free 912 kB" }));
    expect(host.calls.at(-1)).toEqual({ name: "collect_garbage", args: { dryRun: false } });
  });

  test("a refused write is said, and the value stays for now", async () => {
    const user = userEvent.setup();
    const { app } = await renderWithApp(SettingsPage, {}, { failing: { write_settings: fault("store_read_only", "`settings.json` is read-only") } });
    await user.click(await screen.findByRole("button", { name: "Light" }));
    expect(await screen.findByText(/Settings are not kept/)).toBeVisible();
    expect(app.settings.theme).toBe("light");
  });
});
