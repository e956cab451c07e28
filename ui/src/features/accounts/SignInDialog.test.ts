import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, test } from "vitest";
import { fault } from "../../ipc/fake";
import type { KeepOption, SignInRequest } from "../../ipc/bindings";
import { renderWindow } from "../../test/render";

type Options = Parameters<typeof renderWindow>[0];

/** The window with the dialog open for a host. */
async function open(host: string | null, options: Options = {}) {
  const drawn = await renderWindow({ accounts: {}, ...options });
  const answer = drawn.app.signIn(host);
  const dialog = await screen.findByRole("dialog", { name: "Sign in to a registry" });
  const user = userEvent.setup();
  const field = (name: string) => within(dialog).getByLabelText(name);
  const button = (name: string | RegExp) => within(dialog).getByRole("button", { name });
  const sent = (name: string) => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => (args as { request: SignInRequest }).request);
  return { ...drawn, answer, dialog, user, field, button, sent };
}
const SECRET = "ghp_x4Tabcdefghijk";

describe("the sign-in dialog", () => {
  test("signs in by keyboard alone: the caret waits where something is missing, Enter does it, focus goes back", async () => {
    const { app, user, answer, sent, container } = await open(null);
    const opener = within(container).getByRole("button", { name: "Commands" });
    await waitFor(() => expect(screen.getByLabelText("User name")).toHaveFocus());
    await user.keyboard(`me{Tab}${SECRET}{Enter}`);
    expect(await answer).toBe(true);
    expect(sent("sign_in")).toEqual([{ host: "docker.io", username: "me", secret: SECRET, keep: "keychain", helper: null }]);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(app.announcement).toBe("Signed in to docker.io as me");
    expect(app.command).toBe("docker login -u me --password-stdin");
    await waitFor(() => expect(app.registries.value?.find(({ host }) => host === "docker.io")).toMatchObject({ state: "account", account: "me" }));
    opener.focus();
    const again = app.signIn("docker.io");
    await user.keyboard("{Escape}");
    expect(await again).toBe(false);
    expect(opener).toHaveFocus();
  });

  test("a refusal keeps nothing, says what was said, and unfolds the exchange", async () => {
    const { app, user, dialog, field, button } = await open("ghcr.io");
    await user.type(await within(dialog).findByLabelText("Token"), "wrong");
    await user.type(field("User name"), "me");
    await user.click(button("Sign in"));
    expect(await within(dialog).findByText("Refused")).toBeVisible();
    expect(within(dialog).getByText(/does not accept this account/)).toBeVisible();
    expect(app.registries.value?.find(({ host }) => host === "ghcr.io")?.state).toBe("anonymous");
    expect(field("Token")).toHaveValue("wrong");
    await user.click(within(dialog).getByTitle("Show this exchange"));
    expect(app.wire).toMatchObject({ open: true, selected: app.exchanges.latest?.id });
    expect(await within(dialog).findByText(/refuses without looking/)).toBeVisible();
    // What is changed was not tested.
    await user.type(field("Token"), "x");
    expect(within(dialog).queryByText("Refused")).toBeNull();
  });

  test("a test keeps nothing, and says so by what comes after", async () => {
    const { user, dialog, field, button, sent, answer } = await open("ghcr.io");
    await user.type(await within(dialog).findByLabelText("Token"), SECRET);
    await user.type(field("User name"), "me");
    await user.click(button("Test"));
    expect(await within(dialog).findByText("Accepted")).toBeVisible();
    expect(within(dialog).getByText("GET /v2/")).toBeVisible();
    expect(sent("sign_in")).toEqual([]);
    await user.click(button("Sign in"));
    expect(await answer).toBe(true);
    expect([sent("test_sign_in").length, sent("sign_in").length]).toEqual([1, 1]);
  });

  test("the secret leaves with the dialog, and with another registry", async () => {
    const { app, user, dialog, field, container } = await open("ghcr.io");
    await user.type(await within(dialog).findByLabelText("Token"), SECRET);
    await user.click(within(dialog).getByRole("radio", { name: /Docker Hub/ }));
    await waitFor(() => expect(field("Token")).toHaveValue(""));
    await user.type(field("Token"), SECRET);
    await user.click(within(dialog).getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(container.innerHTML).not.toContain(SECRET);
    expect(JSON.stringify([app.command, app.announcement, app.settings.value, app.dialogs.stack])).not.toContain(SECRET);
    void app.signIn("ghcr.io");
    expect(await screen.findByLabelText("Token")).toHaveValue("");
  });

  test("the secret is hidden until it is asked for, and never in the command", async () => {
    const { user, dialog, field, button } = await open("ghcr.io");
    await user.type(await within(dialog).findByLabelText("Token"), SECRET);
    expect(field("Token")).toHaveAttribute("type", "password");
    await user.click(button("Show token"));
    expect(field("Token")).toHaveAttribute("type", "text");
    expect(button("Hide token")).toHaveAttribute("aria-pressed", "true");
    expect(within(dialog).getByText("docker login ghcr.io -u USER --password-stdin")).toBeVisible();
  });

  test("config.json shows what it would hold, live", async () => {
    const { user, dialog, field, button } = await open("ghcr.io");
    await user.type(await within(dialog).findByLabelText("User name"), "me");
    expect(within(dialog).queryByText(/Encoded, not encrypted/)).toBeNull();
    await user.click(within(dialog).getByRole("radio", { name: /config.json/ }));
    expect(within(dialog).getByText(/Encoded, not encrypted/)).toBeVisible();
    await user.type(field("Token"), SECRET);
    expect(within(dialog).getByLabelText("What it decodes to")).toHaveTextContent("me:ghp_x4T…");
    await user.click(button("Show token"));
    expect(within(dialog).getByLabelText("What it decodes to")).toHaveTextContent(`me:${SECRET}`);
    expect(within(dialog).getByLabelText("What the file holds")).toHaveTextContent(`"auth": "${btoa(`me:${SECRET}`)}"`);
  });

  test("places that can't be used say why, and the best that can is chosen", async () => {
    const keep = (part: Partial<KeepOption>): KeepOption => ({ keep: "keychain", helper: null, label: "Keychain", about: "", available: true, recommended: false, whyNot: null, ...part });
    const { dialog } = await open("ghcr.io", {
      keeps: [keep({ available: false, recommended: true, whyNot: "No Secret Service answers" }), keep({ keep: "helper", helper: "pass", label: "Credential helper" }), keep({ keep: "session", label: "This session only" })],
    });
    const keychain = await within(dialog).findByRole("radio", { name: /Keychain/ });
    expect(keychain).toBeDisabled();
    expect(within(dialog).getByText("No Secret Service answers")).toBeVisible();
    expect(within(dialog).getByRole("radio", { name: /Credential helper/ })).toBeChecked();
  });

  test("a fixed user name is shown and not typed", async () => {
    const { user, dialog, sent, button, answer } = await open("123456789012.dkr.ecr.eu-central-1.amazonaws.com");
    const name = await within(dialog).findByLabelText("User name");
    expect(name).toHaveValue("AWS");
    expect(name).toHaveAttribute("readonly");
    expect(within(dialog).getByText("aws ecr get-login-password --region eu-central-1")).toBeVisible();
    await user.type(within(dialog).getByLabelText("Password"), SECRET);
    await user.click(button("Sign in"));
    await answer;
    expect(sent("sign_in")[0]).toMatchObject({ host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com", username: "AWS" });
  });

  test("a name that is the same for everyone need not be typed", async () => {
    const { user, dialog, field } = await open("team.azurecr.io");
    await user.click(await within(dialog).findByRole("button", { name: "Use 00000000-0000-0000-0000-000000000000" }));
    expect(field("User name")).toHaveValue("00000000-0000-0000-0000-000000000000");
  });

  test("another registry's host is typed, refused with a reason, and known ones find their row", async () => {
    const { user, dialog, field, button } = await open(null);
    await user.click(within(dialog).getByRole("radio", { name: /Another registry/ }));
    expect(button("Sign in")).toHaveAttribute("title", "Type the host of the registry");
    await user.type(field("Host"), "https://nas:5000/v2/");
    expect(within(dialog).getByText(/no https:\/\/ in front. Try nas:5000/)).toBeVisible();
    await user.clear(field("Host"));
    await user.type(field("Host"), "nas:5000");
    expect(await within(dialog).findByRole("heading", { name: "nas:5000" })).toBeVisible();
    await user.clear(field("Host"));
    await user.type(field("Host"), "ghcr.io");
    await user.tab();
    expect(within(dialog).getByRole("radio", { name: /GitHub/ })).toBeChecked();
  });

  test("who is signed in is shown, tested with what is kept, and signed out", async () => {
    const { app, user, dialog, button, sent } = await open("ghcr.io", { accounts: { "ghcr.io": { account: "me", keptIn: "the keychain" } } });
    expect(await within(dialog).findByText("on ghcr.io, in the keychain")).toBeVisible();
    await user.click(button("Test this"));
    expect(await within(dialog).findByText("Accepted")).toBeVisible();
    expect(sent("test_sign_in")).toMatchObject([{ username: "me", secret: "" }]);
    await user.click(button("Sign out"));
    expect(await within(dialog).findByText(/Removed from the keychain/)).toBeVisible();
    expect(within(dialog).queryByText("on ghcr.io, in the keychain")).toBeNull();
    expect(app.command).toBe("docker logout ghcr.io");
  });

  test("what was accepted for the kept account is not taken for what is typed", async () => {
    const { app, user, dialog, field, button } = await open("ghcr.io", { accounts: { "ghcr.io": { account: "me", keptIn: "the keychain" } } });
    await user.type(await within(dialog).findByLabelText("Token"), "wrong");
    await user.click(button("Test this"));
    await within(dialog).findByText("Accepted");
    await user.click(button("Sign in"));
    expect(await within(dialog).findByText("Refused")).toBeVisible();
    expect(app.dialogs.current).not.toBeNull();
    expect(field("Token")).toHaveValue("wrong");
  });

  test("a warning is read before the dialog closes", async () => {
    const { user, dialog, button, field, answer } = await open("ghcr.io");
    await user.click(await within(dialog).findByRole("radio", { name: /config.json/ }));
    await user.type(field("User name"), "me");
    await user.type(field("Token"), `${SECRET}{Enter}`);
    expect(await within(dialog).findByText(/could be read by others/)).toBeVisible();
    expect(within(dialog).queryByLabelText("Token")).toBeNull();
    await user.click(within(dialog).getAllByRole("button", { name: "Close" }).at(-1) ?? button("Close"));
    expect(await answer).toBe(true);
  });

  test("a registry that does not answer is said with what helps, and signed in to once that is done", async () => {
    const { user, dialog, field, button, sent, answer } = await open("private.example.com");
    await user.type(await within(dialog).findByLabelText("Password"), SECRET);
    await user.type(field("User name"), "me");
    await user.click(button("Test"));
    expect(await within(dialog).findByText("Not answered")).toBeVisible();
    await user.click(button("Sign in"));
    expect(await within(dialog).findByText("Not signed in")).toBeVisible();
    expect(within(dialog).queryByText("Not answered")).toBeNull();
    expect(sent("sign_in")).toHaveLength(1);
    await user.click(button("Show certificate…"));
    const certificate = await screen.findByRole("dialog", { name: "Trust this certificate?" });
    await user.click(await within(certificate).findByRole("button", { name: "Trust this authority" }));
    // Trusted, what was asked for is done by itself.
    expect(await answer).toBe(true);
  });

  test("a form that can't be read is a fault with a way to try again", async () => {
    const { dialog } = await open("ghcr.io", { failing: { sign_in_form: fault("credential_config", "`config.json` breaks off at line 3") } });
    expect(await within(dialog).findByText(/breaks off at line 3/)).toBeVisible();
    expect(within(dialog).getAllByRole("button", { name: "Try again" }).length).toBeGreaterThan(0);
  });

  test("an unverified host is warned of", async () => {
    const { dialog } = await open("nas:5000", { network: { hosts: [{ host: "nas:5000", plainHttp: false, skipTlsVerification: true, mirrors: [], trusted: [] }] } });
    expect(await within(dialog).findByText(/is not checked/)).toBeVisible();
  });

  test.each([["ghcr.io"], ["team.azurecr.io"], ["private.example.com"]])("axe finds nothing for %s", async (host) => {
    const { user, dialog, container } = await open(host, { accounts: { "ghcr.io": { account: "me", keptIn: "the keychain" } } });
    await user.click(await within(dialog).findByRole("radio", { name: /config.json/ }));
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
  });
});
