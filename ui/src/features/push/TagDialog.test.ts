import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { fault, type FakeOptions } from "../../ipc/fake";
import type { Asked } from "../../state/dialogs.svelte";
import { renderWindow } from "../../test/render";

const HOST = "127.0.0.1:5055";
const WEB = `${HOST}/web:2.0`;

async function sheet(kind: "tag" | "retag", options: FakeOptions = {}) {
  const drawn = await renderWindow({ local: ["web:2.0", "web:2.1"], ...options });
  await waitFor(() => expect(drawn.app.images.state).toBe("ready"));
  void drawn.app.dialogs.ask({ kind, reference: WEB } satisfies Asked);
  const dialog = await screen.findByRole("dialog");
  const field = within(dialog).getByRole("textbox", { name: kind === "tag" ? "New name" : "New tag" });
  const calls = (name: "tag_image" | "retag") => drawn.host.calls.filter((call) => call.name === name).map(({ args }) => args);
  const button = (name: string) => within(dialog).getByRole("button", { name });
  return { ...drawn, dialog, field, calls, button, user: userEvent.setup() };
}

describe("another name on this computer", () => {
  it("is taken apart while it is typed, and given with Enter", async () => {
    const { app, dialog, field, calls, user } = await sheet("tag");
    await user.clear(field);
    await user.type(field, "ghcr.io/username/web:2.0");
    expect(await within(dialog).findByRole("button", { name: "ghcr.io, Registry, you typed" })).toBeVisible();
    expect(within(dialog).getByText("new name")).toBeVisible();
    expect(within(dialog).getByText(`docker tag ${WEB} ghcr.io/username/web:2.0`)).toBeVisible();
    expect(calls("tag_image")).toEqual([]);
    await user.keyboard("{Enter}");
    expect(await within(dialog).findByText(/is on this computer alone until it is pushed/)).toBeVisible();
    expect(calls("tag_image")).toEqual([{ reference: WEB, name: "ghcr.io/username/web:2.0", replace: false }]);
    await waitFor(() => expect(app.images.value?.some(({ reference }) => reference === "ghcr.io/username/web:2.0")).toBe(true));
    expect(app.command).toBe(`docker tag ${WEB} ghcr.io/username/web:2.0`);
  });

  it("leads on to its push", async () => {
    const { app, field, button, user } = await sheet("tag");
    await user.clear(field);
    await user.type(field, "ghcr.io/username/web:2.0{Enter}");
    await waitFor(() => expect(button("Push…")).toBeVisible());
    await user.click(button("Push…"));
    expect(app.dialogs.current).toEqual({ kind: "push", reference: "ghcr.io/username/web:2.0" });
    expect(await screen.findByRole("dialog", { name: "Push ghcr.io/username/web:2.0" })).toBeVisible();
  });

  it("moves only when that is agreed to, with both digests shown", async () => {
    const { dialog, field, calls, button, user } = await sheet("tag");
    await user.clear(field);
    await user.type(field, `${HOST}/web:2.1`);
    const agree = await within(dialog).findByRole("checkbox", { name: /^Move 127.0.0.1:5055\/web:2.1 from \w{8} to this image$/ });
    expect(button("Move name")).toBeDisabled();
    expect(button("Move name")).toHaveAttribute("title", "Confirm the move first");
    await user.click(agree);
    await user.click(button("Move name"));
    expect(await within(dialog).findByText(/now names/)).toBeVisible();
    expect(calls("tag_image")).toEqual([{ reference: WEB, name: `${HOST}/web:2.1`, replace: true }]);
  });

  it("is refused where it is the same, no name, or still being typed", async () => {
    const { dialog, field, button, user } = await sheet("tag");
    expect(await within(dialog).findByText("stands for this image already")).toBeVisible();
    expect(button("Tag")).toHaveAttribute("title", "The name stands for this image already");
    await user.clear(field);
    await user.type(field, "Web");
    expect(await within(dialog).findByText(/A repository name is lower case/)).toBeVisible();
    await user.clear(field);
    await user.type(field, "myregistry/web:");
    expect(button("Tag")).toBeDisabled();
    await user.type(field, "1");
    expect(await within(dialog).findByText(/is an account on Docker Hub, not a host/)).toBeVisible();
    await waitFor(() => expect(button("Tag")).toBeEnabled());
  });

  it("is asked for once more where the host knows better", async () => {
    const { app, dialog, field, calls, button, user } = await sheet("tag");
    // Another window pulled it meanwhile: this one has not read the list again.
    app.images.value = (app.images.value ?? []).filter(({ reference }) => reference !== `${HOST}/web:2.1`);
    await user.clear(field);
    await user.type(field, `${HOST}/web:2.1`);
    await waitFor(() => expect(button("Tag")).toBeEnabled());
    await user.click(button("Tag"));
    const agree = await within(dialog).findByRole("checkbox", { name: /^Move/ });
    expect(agree).not.toBeChecked();
    await user.click(agree);
    await user.click(button("Move name"));
    expect(await within(dialog).findByText(/now names/)).toBeVisible();
    expect(calls("tag_image").map((args) => (args as { replace: boolean }).replace)).toEqual([false, true]);
  });
});

describe("another tag in the registry", () => {
  it("is written by the registry, and nothing is pulled", async () => {
    const { app, dialog, field, calls, host, user } = await sheet("retag");
    await user.type(field, "stable");
    expect(await within(dialog).findByText(`crane tag ${WEB} stable`)).toBeVisible();
    const before = app.changed.times;
    await user.keyboard("{Enter}");
    expect(await within(dialog).findByText(/Whoever pulls that tag from now on/)).toBeVisible();
    expect(calls("retag")).toEqual([{ reference: WEB, tag: "stable", replace: false }]);
    expect(host.calls.some(({ name }) => name === "start_pull")).toBe(false);
    expect(app.changed.times).toBe(before + 1);
  });

  it("asks before a tag moves that the registry has", async () => {
    const { dialog, field, calls, button, user } = await sheet("retag");
    await user.type(field, "2.1{Enter}");
    const agree = await within(dialog).findByRole("checkbox", { name: /^Move 2.1 from \w{8} to this image$/ });
    expect(within(dialog).getByText("moves")).toBeVisible();
    expect(button("Move name")).toBeDisabled();
    await user.click(agree);
    await user.click(button("Move name"));
    expect(await within(dialog).findByText(/now names/)).toBeVisible();
    expect(calls("retag").map((args) => (args as { replace: boolean }).replace)).toEqual([false, true]);
  });

  it("is a tag alone", async () => {
    const { dialog, field, button, user } = await sheet("retag");
    await user.type(field, "other/web:1");
    expect(await within(dialog).findByText(/A tag alone: the repository stays the same/)).toBeVisible();
    expect(button("Retag")).toBeDisabled();
  });

  it("shows a fault in place", async () => {
    const { dialog, field, user } = await sheet("retag", { failing: { retag: fault("auth_refused", "`web` may not be written") } });
    await user.type(field, "stable{Enter}");
    expect(await within(dialog).findByText("Nothing was tagged")).toBeVisible();
    expect(field).toHaveValue("stable");
  });
});

it.each([["tag"], ["retag"]] as const)("axe finds nothing in %s", async (kind) => {
  const { dialog, field, user } = await sheet(kind);
  await user.clear(field);
  await user.type(field, kind === "tag" ? `${HOST}/web:2.1` : "2.1{Enter}");
  await within(dialog).findByRole("checkbox", { name: /^Move/ });
  const { violations } = await axe.run(dialog, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`)).toEqual([]);
});
