import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { FakeOptions } from "../../ipc/fake";
import { renderWindow } from "../../test/render";
import { match, split } from "./match";

describe("match", () => {
  const marked = (text: string, query: string) => {
    const found = match(text, query);
    return found && split(text, found.marks).map((run) => (run.marked ? `[${run.text}]` : run.text)).join("");
  };
  test.each([
    ["Copy command line", "co", "[Co]py command line"],
    ["Find a command", "co", "Find a [co]mmand"],
    ["Use the dark theme", "the dark", "Use [the dark] theme"],
    ["Use the dark theme", "theme dark", "Use the [dark] [theme]"],
    ["Open practice registry", "opr", "[O]pen [p]ractice [r]egistry"],
    ["Settings", "tin", "Set[tin]gs"],
    ["Settings", "xyz", null],
    ["Anything", "", "Anything"],
  ])("%s for %o", (text, query, expected) => expect(marked(text, query)).toBe(expected));
  test("a start beats a word, a word beats the middle, the middle beats initials", () => {
    const scores = [match("pull it", "pull"), match("do pull", "pull"), match("repull", "pull"), match("put up large loads", "pull")].map((found) => found?.score ?? -1);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(new Set(scores).size).toBe(4);
  });
});

async function withWindow(options: FakeOptions = {}) {
  return { user: userEvent.setup(), ...(await renderWindow(options)) };
}

describe("the palette in the window", () => {
  test("Ctrl K opens it, letters find, Enter runs", async () => {
    const { user, app } = await withWindow();
    await user.keyboard("{Control>}k{/Control}");
    const field = await screen.findByRole("combobox", { name: "Find a command" });
    await user.type(field, "open sett");
    expect(screen.getByRole("option", { selected: true })).toHaveTextContent("Open Settings");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(app.navigation.page.kind).toBe("settings"));
    expect(screen.queryByRole("combobox", { name: "Find a command" })).toBeNull();
  });

  test("arrows move round, Escape closes", async () => {
    const { user, app } = await withWindow();
    await waitFor(() => expect([app.shelf.state, app.images.state, app.info.state]).toEqual(["ready", "ready", "ready"]));
    await user.keyboard("{Control>}k{/Control}");
    await screen.findByRole("combobox", { name: "Find a command" });
    const options = screen.getAllByRole("option");
    await user.keyboard("{ArrowUp}");
    expect(options.at(-1)).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(options[1]).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("images are found by name, and what is here opens from the store", async () => {
    const { user, app } = await withWindow({ local: ["web:2.0"] });
    await waitFor(() => expect(app.images.state).toBe("ready"));
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Find a command" }), "web:2.0");
    const option = screen.getByRole("option", { selected: true });
    expect(option).toHaveTextContent("on this computer");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(app.navigation.page).toMatchObject({ kind: "image", from: "store" }));
  });

  test("? lists every shortcut, each of which the window answers", async () => {
    const { user, app } = await withWindow();
    await user.keyboard("?");
    await waitFor(() => expect(app.paletteQuery).toBe("?"));
    const shown = (await screen.findAllByRole("option")).length;
    expect(shown).toBe(app.actions.all.filter(({ keys }) => keys !== undefined).length);
  });

  test("what no command matches becomes a reference", async () => {
    const { user } = await withWindow();
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Find a command" }), "quay.io/zz/zz");
    await user.click(screen.getByRole("button", { name: "Use it as a reference" }));
    expect(screen.getByRole("combobox", { name: "Image reference" })).toHaveValue("quay.io/zz/zz");
  });
});
