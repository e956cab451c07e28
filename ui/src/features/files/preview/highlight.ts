/**
 * Colours for text, as tokens and never as markup: lowlight gives a tree of what highlight.js found, and the tree is
 * cut into lines here. It is loaded when the first text is shown.
 */
import type { Root, RootContent } from "hast";

export type Kind = "key" | "string" | "number" | "comment" | "";
export type Token = { text: string; kind: Kind };

/** Longer text stays plain: colouring it would hold up the page. */
export const MOST = 262_144;

/** Names of the host, and how highlight.js calls them where it differs. */
const ALIASES: Record<string, string> = { shell: "bash", sh: "bash", html: "xml", svg: "xml", toml: "ini", conf: "ini", docker: "dockerfile", js: "javascript", ts: "typescript", py: "python", rs: "rust", "c++": "cpp", yml: "yaml", md: "markdown" };

const KINDS: Record<string, Kind> = {
  "hljs-attr": "key", "hljs-keyword": "key", "hljs-built_in": "key", "hljs-name": "key", "hljs-selector-tag": "key", "hljs-section": "key", "hljs-type": "key", "hljs-title": "key", "hljs-attribute": "key", "hljs-meta": "key",
  "hljs-string": "string", "hljs-regexp": "string", "hljs-symbol": "string", "hljs-addition": "string",
  "hljs-number": "number", "hljs-literal": "number", "hljs-variable": "number", "hljs-template-variable": "number",
  "hljs-comment": "comment", "hljs-quote": "comment", "hljs-doctag": "comment", "hljs-deletion": "comment",
};

let loaded: Promise<(text: string, language: string) => Root | null> | null = null;

async function load() {
  const { common, createLowlight } = await import("lowlight");
  const { default: dockerfile } = await import("highlight.js/lib/languages/dockerfile");
  const { default: nginx } = await import("highlight.js/lib/languages/nginx");
  const lowlight = createLowlight({ ...common, dockerfile, nginx });
  return (text: string, language: string) => (lowlight.registered(language) ? lowlight.highlight(language, text) : null);
}

/** Tokens of each line; null where the language is not known or the text is too long. */
export async function highlight(text: string, language: string | null): Promise<Token[][] | null> {
  if (language === null || text.length > MOST) return null;
  loaded ??= load();
  const root = (await loaded)(text, ALIASES[language] ?? language);
  return root === null ? null : lines(root);
}

export function lines(root: Pick<Root, "children">): Token[][] {
  const found: Token[][] = [[]];
  const walk = (nodes: readonly RootContent[], kind: Kind) => {
    for (const node of nodes) {
      if (node.type === "text") {
        for (const [index, part] of node.value.split("\n").entries()) {
          if (index > 0) found.push([]);
          if (part !== "") found.at(-1)?.push({ text: part, kind });
        }
      } else if (node.type === "element") walk(node.children, kindOf(node.properties.className) || kind);
    }
  };
  walk(root.children, "");
  return found;
}

function kindOf(classes: unknown): Kind {
  if (!Array.isArray(classes)) return "";
  for (const name of classes) {
    const kind = KINDS[String(name)];
    if (kind) return kind;
  }
  return "";
}

/** Numbers, from 1, of the lines that are not in an older text. */
export async function newLines(older: string, newer: string): Promise<Set<number>> {
  const { diffArrays } = await import("diff");
  const found = new Set<number>();
  let at = 0;
  for (const part of diffArrays(older.split("\n"), newer.split("\n"), { maxEditLength: 4000 }) ?? []) {
    if (part.removed) continue;
    if (part.added) for (let line = 1; line <= part.value.length; line += 1) found.add(at + line);
    at += part.value.length;
  }
  return found;
}
