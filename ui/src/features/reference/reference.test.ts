import { describe, expect, test } from "vitest";
import { explain } from "../../ipc/fake/reference";
import { CATALOG, localImage, practiceImage } from "../../ipc/fake/catalog";
import { completion, fit, suggest, type Known } from "./suggest";
import { segmentAt, typedPieces, utf16Offset } from "./typed";

const drawn = (input: string) => typedPieces(input, explain(input)).map(({ kind, text, wrong }) => `${wrong ? "!" : ""}${kind}:${text}`);

describe("typed text is coloured in place", () => {
  test.each([
    ["nginx", ["repository:nginx"]],
    ["nginx:1.25", ["repository:nginx", "punctuation::", "tag:1.25"]],
    ["ghcr.io/owner/image:tag", ["registry:ghcr.io", "punctuation:/", "namespace:owner", "punctuation:/", "repository:image", "punctuation::", "tag:tag"]],
    ["a/a:a", ["namespace:a", "punctuation:/", "repository:a", "punctuation::", "tag:a"]],
    ["My", ["!repository:M", "repository:y"]],
  ])("%s", (input, expected) => expect(drawn(input)).toEqual(expected));

  test("every character is there, in order, whatever is typed", () => {
    for (const input of ["", "nginx", "ghcr.io/", "a b", "é/ü:ö", "x@sha256:zz", "http://x/y", "localhost:5000/a/b@", "𝒩𝒩X"]) {
      expect(typedPieces(input, explain(input)).map(({ text }) => text).join("")).toBe(input);
      expect(typedPieces(input, null).map(({ text }) => text).join("")).toBe(input);
    }
  });
  test("an answer to older text colours nothing", () => expect(typedPieces("nginx:1", explain("nginx"))).toEqual([{ text: "nginx:1", kind: "repository", wrong: false }]));
  test("a problem at the end of the text is still underlined", () => {
    const explanation = { input: "abc", breakdown: null, problem: { message: "", hint: null, from: 3, to: 3 }, traps: [] };
    expect(typedPieces("abc", explanation).map(({ text }) => text).join("")).toBe("abc");
  });
  test.each([
    ["abc", 2, 2],
    ["éa", 2, 1],
    ["€a", 3, 1],
    ["𝒩a", 4, 2],
    ["abc", 99, 3],
  ])("byte offsets: %s at %d is %d", (text, bytes, units) => expect(utf16Offset(text, bytes)).toBe(units));
  test("the caret is in the segment that it touches", () => {
    const pieces = typedPieces("ghcr.io/owner/image", explain("ghcr.io/owner/image"));
    expect([0, 7, 8, 13, 19].map((caret) => segmentAt(pieces, caret))).toEqual(["registry", "registry", "namespace", "namespace", "repository"]);
  });
});

describe("suggestions", () => {
  const now = Date.parse("2026-06-15T12:00:00Z");
  const web = CATALOG.filter(({ repository }) => repository === "web");
  const known: Known = {
    images: web.slice(0, 1).map((image) => localImage(image, ["linux/amd64"], "2026-06-14T11:00:00Z")),
    shelf: { host: "127.0.0.1:5055", images: CATALOG.map((image) => practiceImage(image, new Set(), false)) },
    recent: ["nginx:1.25-alpine", "ghcr.io/owner/webapp"],
    now,
  };
  const rows = (input: string) => suggest(input, explain(input), known).map(({ group, name, about }) => `${group} | ${name} | ${about}`);

  test("the typed reference stands first, then what is here, then what could be pulled", () => {
    expect(rows("web")).toEqual([
      "Open | docker.io/library/web:latest | Official image on Docker Hub",
      "Open | docker.io/library/web | Every tag of this repository",
      "On this computer | 127.0.0.1:5055/web:2.0 | Pulled 1 day ago",
      "Practice registry | 127.0.0.1:5055/web:2.1 | Only the top changed",
      "Recent | ghcr.io/owner/webapp | Opened before",
    ]);
  });
  test("the same image is never listed twice", () => {
    const names = suggest("127.0.0.1:5055/web:2.0", explain("127.0.0.1:5055/web:2.0"), known).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(rows("127.0.0.1:5055/web:2.0")[0]).toBe("Open | 127.0.0.1:5055/web:2.0 | On this computer, pulled 1 day ago");
  });
  test("a malformed reference has no row of its own", () => expect(rows("Web").filter((row) => row.startsWith("Open"))).toEqual([]));
  test("with nothing typed, what is known is offered", () => expect(suggest("", null, known).map(({ group }) => group)).toContain("Recent"));
  test("better fits rank higher", () => {
    const scores = ["web", "web:2.0", "host/web:1", "host/my-web", "cobweb"].map((name) => fit(name, "web"));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(fit("nginx", "web")).toBe(0);
  });
  test.each([
    ["nginx", ":latest"],
    ["nginx:1.25", "-alpine"],
    ["nginx:1", ".25-alpine"],
    ["nginx:9", ""],
    ["", ""],
    ["Nginx", ""],
  ])("Tab after %o adds %o", (input, added) => {
    const recent = input.startsWith("nginx:") ? known : { ...known, recent: [] };
    expect(completion(input, explain(input), suggest(input, explain(input), recent))).toBe(added);
  });
});
