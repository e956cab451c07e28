import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import Menu from "./Menu.svelte";
import type { MenuItem } from "./MenuList.svelte";

const draw = (change: Partial<MenuItem>[] = []) => {
  const ran = vi.fn();
  const items = ["Open image", "Copy digest", "Delete…"].map((label, index): MenuItem => ({ label, run: () => void ran(label), ...change[index] }));
  render(Menu, { props: { label: "More about 1.25", items } });
  return { ran, user: userEvent.setup(), button: screen.getByRole("button", { name: "More about 1.25" }) };
};

describe("a menu", () => {
  it("opens from its button with the first item focused, and gives the focus back", async () => {
    const { user, button } = draw();
    expect(button).toHaveAttribute("aria-haspopup", "menu");
    button.focus();
    await user.keyboard("{Enter}");
    expect(button).toHaveAttribute("aria-expanded", "true");
    expect(screen.getByRole("menuitem", { name: "Open image" })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(button).toHaveFocus();
  });

  it("is walked by arrows, ends and first letters", async () => {
    const { user, button } = draw();
    button.focus();
    await user.keyboard("{ArrowDown}{ArrowUp}");
    expect(screen.getByRole("menuitem", { name: "Delete…" })).toHaveFocus();
    await user.keyboard("{Home}{ArrowDown}");
    expect(screen.getByRole("menuitem", { name: "Copy digest" })).toHaveFocus();
    await user.keyboard("o");
    expect(screen.getByRole("menuitem", { name: "Open image" })).toHaveFocus();
    await user.keyboard("{End}");
    expect(screen.getByRole("menuitem", { name: "Delete…" })).toHaveFocus();
  });

  it("runs what is chosen, once", async () => {
    const { user, button, ran } = draw();
    await user.click(button);
    await user.click(screen.getByRole("menuitem", { name: "Copy digest" }));
    await waitFor(() => expect(ran.mock.calls).toEqual([["Copy digest"]]));
    expect(screen.queryByRole("menu")).toBeNull();
  });

  it("keeps what can't be done now, says why, and does not do it", async () => {
    const { user, button, ran } = draw([{}, {}, { reason: "This registry is read only" }]);
    await user.click(button);
    const item = screen.getByRole("menuitem", { name: /Delete…/ });
    expect(item).toHaveAttribute("aria-disabled", "true");
    expect(item).toHaveTextContent("This registry is read only");
    await user.click(item);
    await Promise.resolve();
    expect(ran).not.toHaveBeenCalled();
    expect(screen.getByRole("menu")).toBeInTheDocument();
  });

  it("closes when something else is pressed, or its button again", async () => {
    const { user, button } = draw();
    await user.click(button);
    await user.click(document.body);
    expect(screen.queryByRole("menu")).toBeNull();
    await user.click(button);
    expect(screen.getByRole("menu")).toBeInTheDocument();
    await user.click(button);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});
