import { describe, expect, it } from "vitest";
import { quoted } from "../../lib/shell";
import { changeLines, exec, NO_SETTINGS, settingProblem } from "./changes";
import { newBytes } from "./choice";
import { archiveBytes, saveCommand, settingsWords, sizeNote } from "./saveWords";
import { importCommand, platformsLine } from "./words";

describe("words for a shell", () => {
  it.each([["plain.tar", "plain.tar"], ["my file.tar", "'my file.tar'"], ["it's", "'it'\\''s'"], ["", "''"], ["a$b", "'a$b'"], ["-x", "-x"]])("%j as %j", (word, said) => expect(quoted(word)).toBe(said));
});

describe("lines of a Dockerfile", () => {
  it.each([
    ["/bin/sh -l", '["/bin/sh","-l"]'],
    ['["a","b c"]', '["a","b c"]'],
    ["echo $HOME && ls", "echo $HOME && ls"],
    ['say "two words"', 'say "two words"'],
    ["ls [a-z]", "ls [a-z]"],
  ])("%j as %j", (text, said) => expect(exec(text)).toBe(said));
  it("leaves out what is empty", () => expect(changeLines(NO_SETTINGS)).toEqual([]));
  it("keeps a value with spaces and quotes together", () => expect(changeLines({ ...NO_SETTINGS, env: 'A=say "hi" \\o/' })).toEqual(['ENV A="say \\"hi\\" \\\\o/"']));
  it.each([
    ["env", "A=1\nB", "`B` has no"],
    ["label", "=x", "`=x` has no"],
    ["expose", "80 http", "`http` is no port"],
    ["volume", "/a\nb", "`b` does not start"],
    ["workdir", "srv", "`srv` does not start"],
  ] as const)("%s %j", (field, text, said) => expect(settingProblem(field, text)).toContain(said));
  it.each([["env", "A=\nB=x=y"], ["expose", "80,443/tcp 5000-5010/udp"], ["volume", "/a b"], ["command", "anything at all"]] as const)("%s takes %j", (field, text) => expect(settingProblem(field, text)).toBeNull());
});

describe("figures", () => {
  const layer = (digest: string, size: number, here = false) => ({ digest, size, here });
  const image = (index: number, layers: ReturnType<typeof layer>[]) => ({ index, digest: "", mediaType: "", names: [], platforms: [], layers, size: 0, missing: [], newBytes: layers.filter(({ here }) => !here).reduce((sum, { size }) => sum + size, 0) });
  it("a layer that two images share is new once", () => {
    const images = [image(0, [layer("a", 10), layer("b", 5)]), image(1, [layer("a", 10), layer("c", 1)]), image(2, [layer("d", 100)])];
    expect(newBytes(images, new Set([0, 1]))).toBe(16);
  });
  it("and is written once", () => {
    const plan = { title: "", tags: [], platforms: [], saveEntries: [], exportTop: [], exportBytes: null, exportEntries: [], settings: [], digestPreserved: true, digestNote: "", suggestedName: "" };
    expect(archiveBytes([{ ...plan, layers: [layer("a", 10)], saveBytes: 12 }, { ...plan, layers: [layer("a", 10), layer("b", 3)], saveBytes: 15 }])).toBe(17);
  });
  it("says what is not known", () => {
    expect(sizeNote("export", "none", 1, null)).toBe("the size is known once the layers are read");
    expect(sizeNote("export", "zstd", 1, 2_000_000)).toBe("2.0 MB before it is compressed");
  });
  it.each([[["linux/amd64"], "amd64"], [["linux/amd64", "linux/arm64"], "amd64 and arm64"], [["windows/amd64", "linux/arm64", "linux/s390x"], "windows/amd64, arm64 and 1 more"], [[], ""]])("%j", (platforms, said) => expect(platformsLine(platforms)).toBe(said));
});

describe("command lines", () => {
  const web = { input: "ghcr.io/a/web:1", from: "store" as const, platform: null };
  it.each([
    ["save", "hybrid", "none", null, "docker save -o web-1.tar ghcr.io/a/web:1"],
    ["save", "hybrid", "gzip", "linux/arm64", "docker save --platform linux/arm64 ghcr.io/a/web:1 | gzip > web-1.tar.gz"],
    ["export", "hybrid", "zstd", null, "docker export $(docker create ghcr.io/a/web:1) | zstd > web-1.tar.zst"],
  ] as const)("%s %s %s", (way, format, compression, platform, said) => expect(saveCommand(way, [web], format, compression, platform, "web-1")).toBe(said));
  it("says Longshore's own where Docker has no such thing", () => {
    expect(saveCommand("save", [{ ...web, from: "registry" }], "hybrid", "none", null, "web-1")).toBe("longshore save docker://ghcr.io/a/web:1 -o web-1.tar");
    expect(saveCommand("save", [web], "oci", "zstd", "linux/arm64", "web-1")).toBe("longshore save ghcr.io/a/web:1 -o web-1.tar.zst --format oci-archive --compress zstd --platform linux/arm64");
    expect(saveCommand("save", [web], "folder", "none", null, "web-1")).toBe("longshore save ghcr.io/a/web:1 -o web-1 --format oci");
  });
  it("quotes what a person typed", () => {
    expect(importCommand("my fs.tar", { name: "a:b", platform: "linux/arm64", changes: ["ENV A=it's"], message: "" })).toBe("docker import --change 'ENV A=it'\\''s' --platform linux/arm64 'my fs.tar' a:b");
  });
  it("words of settings are those that people know", () => expect(settingsWords([{ key: "Env", value: "" }, { key: "Cmd", value: "" }, { key: "Exposed ports", value: "" }])).toBe("env, command, ports"));
});
