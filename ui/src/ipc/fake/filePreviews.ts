// What the make-believe files hold.

import type { FilePreview, HexPage } from "../bindings";
import { nodeOf, pathOf } from "./fileTree";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const PACKAGE = (version: string, more: string) => `{
  "name": "myapp",
  "version": "${version}",
  "private": true,
  "type": "module",
  "engines": {
    "node": ">=20"
  },
  "scripts": {
    "start": "node server.js",
    "test": "node --test"
  },
  "dependencies": {
    "@fastify/static": "^7.0.4",
    "better-sqlite3": "^11.1.2",${more}
    "fastify": "^4.28.1"
  },
  "license": "UNLICENSED"
}
`;

const TEXTS: Record<string, [text: string, language: string | null]> = {
  "/app/server.js": [`import fastify from "fastify";\n\n// One route is enough.\nconst app = fastify({ logger: true });\napp.get("/", async () => ({ hello: "world" }));\nawait app.listen({ port: 8080, host: "0.0.0.0" });\n`, "javascript"],
  "/app/index.html": [`<h1 id="bold">Hello</h1><script>window.hit = 1</script><img src=x onerror="window.hit = 2">\n`, "html"],
  "/app/drawing.svg": [`<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit = 3"><circle id="bold" r="4"/></svg>\n`, "xml"],
  "/app/colours.log": ["\u001b[31mred\u001b[0m and \u202egnp.exe and zero\u200bwidth\n", null],
  "/srv/.bashrc": ["# ~/.bashrc\nexport PATH=/usr/local/bin:$PATH\nalias ll='ls -l'\n", "shell"],
  "/etc/passwd": ["root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash\n", null],
};

const sizeOf = (node: number, layer: number | null): number => {
  const { versions } = nodeOf(node);
  return (versions.find((version) => version.layer === layer) ?? versions.findLast(({ what }) => what !== "removed"))?.size ?? 0;
};

/** Bytes that repeat every 256, so that a test can tell where it is. */
export function hexPage(node: number, layer: number | null, offset: number): HexPage {
  const size = sizeOf(node, layer);
  const length = Math.max(0, Math.min(65_536, size - offset));
  const text = Array.from({ length }, (_, index) => String.fromCharCode((offset + index) % 256)).join("");
  return { offset, base64: btoa(text), size };
}

export function preview(node: number, layer: number | null): FilePreview {
  const found = nodeOf(node);
  const path = pathOf(node);
  const hex = hexPage(node, layer, 0);
  if (found.kind === "directory") return { kind: "nothing", why: "A folder" };
  if (found.kind === "symlink") return { kind: "nothing", why: `A link to ${found.link ?? ""}` };
  if (path === "/app/package.json") {
    const text = layer === 5 ? PACKAGE("1.0.0", "") : PACKAGE("1.0.0", '\n    "sharp": "^0.33.4",');
    return { kind: "text", text, language: "json", whole: true, size: text.length };
  }
  const known = TEXTS[path];
  if (known) return { kind: "text", text: known[0], language: known[1], whole: true, size: known[0].length };
  if (path === "/app/logo.png") return { kind: "image", mime: "image/png", base64: PIXEL, width: 1, height: 1 };
  if (path === "/usr/bin/node" || path.endsWith(".node")) {
    return {
      kind: "program",
      fields: [{ key: "Format", value: "ELF, 64 bit, little endian" }, { key: "Machine", value: "x86-64" }, { key: "Kind", value: "position independent program" }, { key: "Interpreter", value: "/lib64/ld-linux-x86-64.so.2" }],
      needed: ["libdl.so.2", "libstdc++.so.6", "libm.so.6", "libc.so.6"],
      hex,
    };
  }
  if (path === "/var/lib/dpkg/status") {
    const names = ["adduser", "apt", "base-files", "bash", "coreutils", "dpkg", "libc6", "libssl3", "nodejs", "tar"];
    return { kind: "packages", database: "dpkg", packages: names.map((name, index) => ({ name, version: `${1 + index}.${index * 3}-1`, architecture: index % 3 === 0 ? "all" : "amd64", licence: null, size: 120_000 * (index + 1) })) };
  }
  return { kind: "hex", what: "Data", hex };
}
