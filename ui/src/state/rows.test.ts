import { describe, expect, it } from "vitest";
import { fakeHost } from "../ipc/fake";
import { EVERYTHING, FileTree } from "./files.svelte";
import { FileRowList } from "./rows.svelte";

const open = async () => {
  const host = fakeHost({ speed: Infinity });
  const { tree: head } = await host.openTree({ kind: "file", file: 1 }, 64, () => undefined);
  const list = new FileRowList(host);
  await list.open(head.id, { kind: "merged" }, EVERYTHING);
  const index = (name: string) => {
    for (let at = 0; at < list.total; at += 1) if (list.row(at)?.name === name) return at;
    return -1;
  };
  const unfold = async (...names: string[]) => {
    for (const name of names) await list.fold(index(name), true);
  };
  return { host, list, index, unfold, limits: () => host.calls.filter(({ name }) => name === "file_rows").map(({ args }) => (args as { limit: number }).limit) };
};

describe("rows of a view", () => {
  it("are fetched where they are shown, and forgotten far away", async () => {
    const { list, unfold, limits } = await open();
    await unfold("var", "lib", "generated");
    expect(list.total).toBe(300_008);
    for (let at = 0; at < 300_000; at += 9_000) {
      list.show(at, at + 40);
      await new Promise((resolve) => setTimeout(resolve));
      expect(list.row(at + 20)?.name).toMatch(at === 0 ? /./ : /^entry-/);
      expect(list.held).toBeLessThanOrEqual(512);
    }
    expect(list.row(0)).toBeNull();
    expect(Math.max(...limits())).toBe(64);
  });

  it("keep the keyboard on its file when folders above it open and close", async () => {
    const { list, index, unfold } = await open();
    list.choose(index("usr"));
    await unfold("app");
    expect(list.row(list.active)?.name).toBe("usr");
    await list.fold(index("app"), false);
    expect(list.row(list.active)?.name).toBe("usr");
    await unfold("app", "node_modules");
    list.choose(index("sharp"));
    await list.fold(index("app"), false);
    expect(list.row(list.active)?.name).toBe("app");
  });

  it("do each change after the one before", async () => {
    const { list, index } = await open();
    await Promise.all([list.fold(index("app"), true), list.fold(index("etc"), true), list.fold(index("usr"), true)]);
    const names = Array.from({ length: list.total }, (_, at) => list.row(at)?.name);
    expect(names).toEqual(expect.arrayContaining(["server.js", "app", "usr"]));
    expect(names).not.toContain(undefined);
  });

  it("know the folder that a row is in, across open siblings", async () => {
    const { list, index, unfold } = await open();
    await unfold("app", "node_modules", "@fastify", "fastify");
    expect(await list.parentOf(index("sharp"))).toBe(index("node_modules"));
    expect(await list.parentOf(index("node_modules"))).toBe(index("app"));
    expect(await list.parentOf(index("etc"))).toBeNull();
  });

  it("open beside one another at once, and are where they were counted to be", async () => {
    const { list, index } = await open();
    list.choose(index("var"));
    await list.openSiblings(index("var"));
    expect(list.row(list.active)?.name).toBe("var");
    for (const name of ["app", "etc", "srv", "usr", "var"]) expect(list.row(index(name))?.open, name).toBe(true);
  });

  it("show a fault of the host, and go on after it", async () => {
    const { host, list, index, unfold } = await open();
    const { call } = host;
    host.call = () => Promise.reject(new Error("gone"));
    await list.fold(index("app"), true);
    expect(list.fault?.message).toBe("gone");
    expect(list.row(0)?.name).toBe("app");
    host.call = call;
    await unfold("app");
    expect(list.fault).toBeNull();
    expect(list.row(0)?.open).toBe(true);
  });
});

describe("a tree", () => {
  const opened = async () => {
    const host = fakeHost({ speed: Infinity });
    const tree = new FileTree(host, { kind: "file", file: 1 });
    await tree.open();
    return { tree, asked: (wanted: string) => host.calls.filter(({ name }) => name === wanted).map(({ args }) => args as { view?: number; scope?: unknown }) };
  };

  it("comes with its first view and its first rows", async () => {
    const { tree, asked } = await opened();
    expect(tree.rows.total).toBeGreaterThan(4);
    expect(tree.rows.row(0)?.name).toBe("app");
    expect(tree.rows.row(tree.rows.total - 1)).not.toBeNull();
    expect([asked("open_view"), asked("file_rows")]).toEqual([[], []]);
  });

  it("that is read again keeps the view on one layer, and leaves none open beside it", async () => {
    const { tree, asked } = await opened();
    const first = tree.rows.head?.id;
    await tree.show({ scope: { kind: "layer", layer: 6 } });
    const second = tree.rows.head?.id;
    await tree.open();
    expect(tree.scope).toEqual({ kind: "layer", layer: 6 });
    expect(asked("open_view").map(({ scope }) => scope)).toEqual([{ kind: "layer", layer: 6 }, { kind: "layer", layer: 6 }]);
    // Those of before, and the one that came with the tree: all but the one on screen.
    const closed = asked("close_view").map(({ view }) => view);
    expect(closed).toEqual(expect.arrayContaining([first, second]));
    expect(closed).toHaveLength(3);
    expect(closed).not.toContain(tree.rows.head?.id);
  });
});
