import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync("src/design/tokens.css", "utf8");
const [light = "", dark = ""] = css.split(':root[data-theme="dark"]');

const read = (block: string) => new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9A-Fa-f]{6})/g)].map((found): [string, string] => [found[1] ?? "", found[2] ?? ""]));
const THEMES = { light: read(light), dark: new Map([...read(light), ...read(dark)]) };

type Rgb = [number, number, number];
const channels = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as Rgb;
const linear = (hex: string): Rgb => channels(hex).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as Rgb;

/** WCAG 2 relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const GROUNDS = ["bg-window", "bg-pane", "bg-sunken", "bg-raised"];
const SEGMENTS = ["registry", "namespace", "repository", "tag", "digest"].map((kind) => `seg-${kind}`);
const TEXT = ["text-1", "text-2", "text-3", "link", "ok", "warn", "bad", "signal-text", "add", "mod", "del", "verify", ...SEGMENTS];
const PAIRS: [text: string, ground: string, least: number][] = [
  ...TEXT.flatMap((text) => [...GROUNDS, "sel"].map((ground): [string, string, number] => [text, ground, 4.5])),
  ...[...SEGMENTS, "ok", "warn", "bad"].map((name): [string, string, number] => [name, `${name}-soft`, 4.5]),
  ["signal-text", "signal-soft", 4.5],
  ["signal-ink", "signal-btn", 4.5],
  ["text-2", "warn-soft", 4.5],
  ["text-2", "bad-soft", 4.5],
  ["text-3", "bad-soft", 4.5],
  ["focus-ink", "focus", 4.5],
  ["slab-ink", "slab", 4.5],
  ["slab-ink", "slab-base", 4.5],
  ...["line-3", "focus", "signal", "ok-fill", "bad-fill", "slab"].flatMap((mark) => GROUNDS.map((ground): [string, string, number] => [mark, ground, 3])),
];

describe.each(Object.entries(THEMES))("%s", (_, theme) => {
  test.each(PAIRS)("%s on %s is at least %d to 1", (text, ground, least) => {
    expect(contrast(theme.get(text) ?? "#000000", theme.get(ground) ?? "#000000")).toBeGreaterThanOrEqual(least);
  });

  // Machado, Oliveira and Fernandes 2009, severity 1; distance in OKLab times 100.
  const SIMULATED: Record<string, number[][]> = {
    "full colour": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
  };
  const SETS: Record<string, string[]> = { segments: SEGMENTS, files: ["add", "mod", "del"], layers: ["signal", "ok-fill", "bad-fill", "verify", "slab-shared"] };
  const cases = Object.keys(SIMULATED).flatMap((vision) => Object.keys(SETS).map((set): [string, string] => [set, vision]));
  test.each(cases)("%s stay apart in %s", (set, vision) => {
    const seen = (SETS[set] ?? []).map((name) => oklab(simulate(SIMULATED[vision] ?? [], linear(theme.get(name) ?? "#000000"))));
    for (const [index, a] of seen.entries()) {
      for (const b of seen.slice(index + 1)) expect(100 * Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThanOrEqual(8);
    }
  });
});

function simulate(matrix: number[][], [r, g, b]: Rgb): Rgb {
  return matrix.map((row) => Math.min(1, Math.max(0, (row[0] ?? 0) * r + (row[1] ?? 0) * g + (row[2] ?? 0) * b))) as Rgb;
}

function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

describe("house rules", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(svelte|css|ts)$/.test(path) && !path.endsWith(".test.ts"))
    .map((path): [string, string] => [path, readFileSync(`src/${path}`, "utf8")]);

  test("literal colours live in tokens.css alone", () => {
    const literal = /(?<![&\w])#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b(?!\()|\b(?:rgba?|hsla?|oklch)\(/i;
    const found = sources.filter(([path, text]) => /\.(svelte|css)$/.test(path) && !path.endsWith("tokens.css") && literal.test(text.replace(/\{#\w+/g, "")));
    expect(found.map(([path]) => path)).toEqual([]);
  });
  test("every token that is used is there", () => {
    const defined = new Set(sources.flatMap(([, text]) => [...text.matchAll(/--([\w-]+)[:=]/g)].map((found) => found[1])));
    // Names that are made from a segment's or a flag's.
    const made = new Set(["seg-", "flag-"]);
    const missing = sources.flatMap(([path, text]) =>
      [...text.matchAll(/var\(--([\w-]+)/g)].map((found) => found[1] ?? "").filter((name) => !defined.has(name) && !made.has(name)).map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });
  test("no rule styles the pseudo-elements of every element", () => {
    const every = /(?:^|[\s,{}>+~])\*?::?(?:before|after)\b/m;
    expect(sources.filter(([path, text]) => /\.(svelte|css)$/.test(path) && every.test(text)).map(([path]) => path)).toEqual([]);
  });
  test("text from outside is never markup", () => {
    expect(sources.filter(([, text]) => /\{@html|innerHTML|insertAdjacentHTML|\beval\(/.test(text)).map(([path]) => path)).toEqual([]);
  });
  test("only ipc/tauri.ts talks to Tauri", () => {
    expect(sources.filter(([, text]) => text.includes(["\"@tauri", "apps/"].join("-"))).map(([path]) => path)).toEqual(["ipc/tauri.ts"]);
  });
  test("files stay short", () => {
    // Generated bindings are as long as they are.
    expect(sources.filter(([path, text]) => path !== "ipc/bindings.ts" && text.split("\n").length > 400).map(([path]) => path)).toEqual([]);
  });
});
