import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { fault } from "../ipc/fake";
import type { Remedy, RemedyAction } from "../ipc/bindings";
import { renderWindow, renderWithApp } from "../test/render";
import { capitalized, causesOf, countdown, sentence } from "./causes";
import { badge, wordsFor, type Doing } from "./doing";
import { ADVICE, type Cause } from "./faults";
import FaultView from "./FaultView.svelte";

const remedy = (action: RemedyAction, part: Partial<Remedy> = {}): Remedy => ({ cause: "Is it private? Signed in as `me`, who has no access to it.", action, label: "Do it", target: null, seconds: null, ...part });
const row = (question: string, part: Cause["remedy"]): Cause => ({ icon: "info", question, detail: "", action: "Do", remedy: part });

describe("causes", () => {
  test.each([
    ["Is it private? Signed in as `me`.", { question: "Is it private?", detail: "Signed in as `me`." }],
    ["The host speaks plain HTTP. Mark it so.", { question: "The host speaks plain HTTP", detail: "Mark it so." }],
    ["The clock is wrong.", { question: "The clock is wrong", detail: "" }],
    ["`v1.2 beta` is no tag", { question: "`v1.2 beta` is no tag", detail: "" }],
    ["Another program answers there: the port may be another", { question: "Another program answers there", detail: "The port may be another" }],
    ["`a: b` is no tag; look again", { question: "`a: b` is no tag", detail: "Look again" }],
    ["Ask at registry.example.com. It knows.", { question: "Ask at registry.example.com", detail: "It knows." }],
  ])("%s", (text, parts) => expect(sentence(text)).toEqual(parts));

  test("what the engine found stands first, and general advice fills in what it did not say", () => {
    const general = [row("general sign-in", { do: "sign-in", host: "h" }), row("general edit", { do: "edit" })];
    const found = causesOf(fault("auth_required", "x", { remedies: [remedy("sign_in")] }), "h", general);
    expect(found.map(({ question, remedy: { do: done } }) => [question, done])).toEqual([["Is it private?", "sign-in"], ["general edit", "edit"]]);
    expect(causesOf(fault("auth_required", "x"), "h", general)).toEqual(general);
  });
  test("whoever is told when to come back is not asked whether it is time", () => {
    const general = [row("over?", { do: "retry" }), row("home", { do: "home" })];
    expect(causesOf(fault("rate_limited", "x", { remedies: [remedy("wait", { seconds: 9 })] }), "h", general).map(({ remedy: { do: done } }) => done)).toEqual(["wait", "home"]);
  });
  test("no more than five rows, unless the engine has more to say", () => {
    const general = Array.from({ length: 9 }, (_, index) => row(`${index}`, { do: "copy", text: "" }));
    expect(causesOf(fault("internal", "x", { remedies: [remedy("retry")] }), "h", general)).toHaveLength(5);
    expect(causesOf(fault("internal", "x", { remedies: Array.from({ length: 7 }, () => remedy("retry")) }), "h", general)).toHaveLength(7);
  });
  test.each([
    [0, "0:00"], [0.2, "0:01"], [42, "0:42"], [760, "12:40"], [3599, "59:59"], [21_540, "5 h 59 min"],
  ])("%d s is %s", (seconds, text) => expect(countdown(seconds)).toBe(text));
  test("a message begins a page with a capital, unless a value does", () => {
    expect([capitalized("the store is full"), capitalized("`x` is gone")]).toEqual(["The store is full", "`x` is gone"]);
  });
});

describe("what did not happen", () => {
  test.each<[Doing, string]>([
    ["pull", "Nothing was pulled"], ["push", "Nothing was pushed"], ["copy", "Nothing was copied"], ["tag", "Nothing was tagged"],
    ["delete", "Nothing was deleted"], ["list", "Nothing to list"], ["sign-in", "Not signed in"], ["add", "Not added"],
  ])("%s: %s", (doing, words) => expect(badge(doing, fault("timeout", ""))).toBe(words));
  test("which side failed is said", () => {
    expect(badge("pull", fault("store_full", "", { side: "sink" }))).toBe("Not kept on this computer");
    expect(badge("copy", fault("not_found", "", { side: "source" }))).toBe("Nothing was copied: the source could not be read");
  });
  test("a refused push is no riddle about private names", () => {
    const context = { fault: fault("auth_refused", ""), subject: "team/app:1", registry: "Docker Hub", host: "docker.io", path: "team/app", platform: "linux/amd64" };
    const words = wordsFor("push", fault("auth_refused", "no", { docker: "denied: no" }), ADVICE.auth_refused);
    expect(words.title?.(context)).toBe("Docker Hub does not let this account push to `team/app`");
    expect(words.docker?.(context)).toBe("denied: no");
  });
  test("Docker prints nothing for what it can't do", () => {
    for (const doing of ["copy", "delete", "list", "compare"] as const) expect(wordsFor(doing, fault("not_found", "no", { docker: "said" }), ADVICE.not_found).docker).toBeNull();
    expect(wordsFor("pull", fault("not_found", "no", { docker: "said" }), ADVICE.not_found).docker).not.toBeNull();
  });
});

/** A page about a fault in the whole window, where dialogs are drawn too. */
async function page(part: Partial<Remedy> & { action: RemedyAction }, options: Parameters<typeof renderWindow>[0] = {}) {
  const drawn = await renderWindow(options);
  const pull = vi.spyOn(drawn.app, "pull").mockResolvedValue();
  const request = { input: "private.example.com/team/app:1", platform: null, allPlatforms: false, allTags: false };
  const refusal = drawn.app.refusals.keep({ verb: "pull", request }, fault("tls_failed", "no", { remedies: [remedy(part.action, part)] }));
  drawn.app.go({ kind: "refused", refusal });
  const button = await screen.findByRole("button", { name: "Do it" });
  return { ...drawn, button, pull, user: userEvent.setup({ delay: null }) };
}
const again = ["private.example.com/team/app:1", expect.objectContaining({ allTags: false })];

describe("a remedy does what its button says", () => {
  test("sign in: the dialog of that host, and then again", async () => {
    const { user, button, pull } = await page({ action: "sign_in", target: "ghcr.io" }, { accounts: {} });
    await user.click(button);
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("radio", { name: /GitHub/ })).toBeChecked();
    await user.type(await within(dialog).findByLabelText("User name"), "me");
    await user.type(within(dialog).getByLabelText("Token"), "secret{Enter}");
    await waitFor(() => expect(pull.mock.calls).toEqual([again]));
  });
  test("sign in: nothing again where it was given up", async () => {
    const { user, button, pull } = await page({ action: "sign_in" });
    await user.click(button);
    await screen.findByRole("dialog");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(button).toBeEnabled());
    expect(pull).not.toHaveBeenCalled();
  });
  test("plain HTTP: the host is marked, and then again", async () => {
    const { app, user, button, pull } = await page({ action: "plain_http", target: "private.example.com" });
    await user.click(button);
    await waitFor(() => expect(pull.mock.calls).toEqual([again]));
    expect(app.network.host("private.example.com")).toMatchObject({ plainHttp: true, skipTlsVerification: false });
  });
  test("plain HTTP: nothing again where it could not be kept", async () => {
    const { app, user, button, pull } = await page({ action: "plain_http" }, { failing: { write_host: fault("config_invalid", "read-only") } });
    await user.click(button);
    await waitFor(() => expect(app.network.refused?.message).toBe("read-only"));
    expect(pull).not.toHaveBeenCalled();
  });
  test("certificate: looked at first, and then again", async () => {
    const { app, user, button, pull } = await page({ action: "trust_certificate" });
    await user.click(button);
    await user.click(await screen.findByRole("button", { name: "Trust this authority" }));
    await waitFor(() => expect(pull.mock.calls).toEqual([again]));
    expect(app.network.host("private.example.com").trusted).toHaveLength(1);
  });
  test("token server: asked for, and then again", async () => {
    const { app, user, button, pull } = await page({ action: "trust_realm", target: "auth.example.org" });
    await user.click(button);
    await user.click(await screen.findByRole("button", { name: "Trust auth.example.org" }));
    await waitFor(() => expect(pull.mock.calls).toEqual([again]));
    expect(app.network.value?.trustedRealms).toEqual(["auth.example.org"]);
  });
  test("a better reference goes into the bar", async () => {
    const { user, button } = await page({ action: "edit_reference", target: "private.example.com/team/apps:1" });
    await user.click(button);
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("private.example.com/team/apps:1");
  });
  test("settings of the host, where it is named", async () => {
    const { user, button } = await page({ action: "open_settings", target: "private.example.com" });
    await user.click(button);
    expect(await screen.findByRole("dialog", { name: "Settings of private.example.com" })).toBeVisible();
  });
  test("settings, where no host is named", async () => {
    const { app, user, button } = await page({ action: "open_settings" });
    await user.click(button);
    expect(app.navigation.page.kind).toBe("settings");
  });
  test("free space: counted, freed, and then again", async () => {
    const { user, button, pull } = await page({ action: "free_space" });
    await user.click(button);
    await user.click(await screen.findByRole("button", { name: "Free 912 kB" }));
    await user.click(await screen.findByRole("button", { name: "Close" }));
    await waitFor(() => expect(pull.mock.calls).toEqual([again]));
  });
  test("a command is to be copied", async () => {
    const { user, button } = await page({ action: "create_repository", target: "aws ecr create-repository --repository-name team/app" });
    await user.click(button);
    expect(await navigator.clipboard.readText()).toBe("aws ecr create-repository --repository-name team/app");
  });
  test("a cause without a remedy is read, and has no button", async () => {
    await renderWithApp(FaultView, { fault: fault("internal", "x", { remedies: [remedy("none", { cause: "The registry's operator switched it off." })] }), subject: "x" });
    expect(screen.getByText("The registry's operator switched it off")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Do it" })).toBeNull();
  });
});

describe("a wait", () => {
  test("counts down by the clock and tries again when it is over", async () => {
    vi.useFakeTimers();
    const onretry = vi.fn();
    await renderWithApp(FaultView, { fault: fault("rate_limited", "x", { remedies: [remedy("wait", { seconds: 90 })] }), subject: "x", onretry });
    screen.getByRole("button", { name: "Do it" }).click();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(screen.getByRole("timer")).toHaveTextContent("1:00");
    expect(onretry).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(onretry).toHaveBeenCalledTimes(1);
    expect(screen.getByRole("button", { name: "Do it" })).toBeVisible();
    vi.useRealTimers();
  });
  test("can be stopped, and leaves with the page", async () => {
    vi.useFakeTimers();
    const onretry = vi.fn();
    await renderWithApp(FaultView, { fault: fault("rate_limited", "x", { remedies: [remedy("wait", { seconds: 5 })] }), subject: "x", onretry });
    screen.getByRole("button", { name: "Do it" }).click();
    await vi.advanceTimersByTimeAsync(1000);
    screen.getByRole("button", { name: "Stop waiting" }).click();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onretry).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});

describe("what Docker would print", () => {
  test.each([
    ["as the engine says it", fault("rate_limited", "no", { docker: "Error response from daemon: toomanyrequests: slow down" }), "Error response from daemon: toomanyrequests: slow down"],
    ["by the kind of failure", fault("digest_invalid", "no"), "invalid reference format"],
  ])("%s", async (_, failed, printed) => {
    await renderWithApp(FaultView, { fault: failed, subject: "x" });
    expect(screen.getByText(printed)).toBeVisible();
  });
  test("is left out where nobody knows it", async () => {
    await renderWithApp(FaultView, { fault: fault("rate_limited", "no"), subject: "x" });
    expect(screen.queryByText("What the Docker client would print")).toBeNull();
  });
});

describe("in a sheet", () => {
  test("Wire stays as it is, and Docker's words stay out", async () => {
    const { app } = await renderWithApp(FaultView, { fault: fault("not_found", "no", { exchange: 7 }), subject: "x", verb: "push", place: "sheet" });
    expect(app.wire.open).toBe(false);
    expect(screen.queryByText("What the Docker client would print")).toBeNull();
    expect(screen.getByRole("heading", { level: 3 })).toHaveTextContent("has no repository");
  });
  test("what corrects the name may be the sheet's own field", async () => {
    const onedit = vi.fn();
    const user = userEvent.setup({ delay: null });
    await renderWithApp(FaultView, { fault: fault("not_found", "no", { remedies: [remedy("edit_reference", { target: "a/b" })] }), subject: "x", verb: "push", place: "sheet", onedit });
    await user.click(screen.getByRole("button", { name: "Do it" }));
    expect(onedit).toHaveBeenCalledWith("a/b");
  });
});
