import { describe, expect, test } from "vitest";
import { loginCommand, logoutCommand } from "./command";
import { encodedAuth } from "./encoded";
import { PRESETS, presetOf, vendorOf } from "./presets";
import { summaryOf } from "./trail";

describe("a host's own row", () => {
  test.each([
    ["docker.io", "hub"],
    ["registry-1.docker.io", "hub"],
    ["GHCR.io", "ghcr"],
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "ecr"],
    ["123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"],
    ["123456789012.dkr-ecr.eu-west-1.on.aws", "ecr"],
    ["public.ecr.aws", "ecr"],
    ["team.azurecr.io", "acr"],
    ["europe-docker.pkg.dev", "google"],
    ["eu.gcr.io", "google"],
    ["quay.io", "quay"],
    // GitHub's older host has no row of its own: that row signs in to ghcr.io.
    ["docker.pkg.github.com", "other"],
    ["notgcr.io", "other"],
    ["evil-ghcr.io", "other"],
    ["ghcr.io.example.com", "other"],
    ["localhost:5000", "other"],
  ] as const)("%s is %s", (host, vendor) => expect(vendorOf(host)).toBe(vendor));
  test("every example belongs to the row that shows it", () => {
    for (const { vendor, example } of PRESETS) expect(vendorOf(example), example).toBe(vendor);
    expect(presetOf("quay").host).toBe("quay.io");
  });
});

describe("encoded, not encrypted", () => {
  test("the whole decodes to what was typed, whatever its letters", () => {
    const { encoded, decoded } = encodedAuth("Ünal", "påss:wörd €", true);
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    expect(new TextDecoder().decode(bytes)).toBe("Ünal:påss:wörd €");
    expect(decoded).toBe("Ünal:påss:wörd €");
  });
  test("as docker login writes it", () => expect(encodedAuth("user", "pass", true).encoded).toBe("dXNlcjpwYXNz"));
  test("a hidden secret shows its beginning in both ways of writing, and no letter more", () => {
    const secret = "ghp_x4Tabcdefghijk";
    const { encoded, decoded, cut } = encodedAuth("username", secret, false);
    expect([decoded, cut]).toEqual(["username:ghp_x4T", true]);
    expect(decoded.startsWith(atob(encoded))).toBe(true);
    expect(btoa(`username:${secret}`).startsWith(encoded)).toBe(true);
  });
  test.each([["a"], ["ab"], ["abcd"], ["abcdefgh"]])("never more than half of %s", (secret) => {
    const { encoded, decoded } = encodedAuth("u", secret, false);
    expect(decoded.length - 2).toBeLessThanOrEqual(secret.length / 2);
    expect(atob(encoded).length).toBeLessThanOrEqual(decoded.length);
  });
});

describe("the line of a terminal", () => {
  test.each([
    ["ghcr.io", "username", "docker login ghcr.io -u username --password-stdin"],
    ["docker.io", "me", "docker login -u me --password-stdin"],
    ["host:5000", "", "docker login host:5000 -u USER --password-stdin"],
    ["host", "team+robot", "docker login host -u team+robot --password-stdin"],
    ["host", "o'brien; rm -rf $HOME", "docker login host -u 'o'\\''brien; rm -rf $HOME' --password-stdin"],
  ])("%s, %o", (host, user, line) => expect(loginCommand(host, user)).toBe(line));
  test("and out again", () => {
    expect(logoutCommand("docker.io")).toBe("docker logout");
    expect(logoutCommand("ghcr.io")).toBe("docker logout ghcr.io");
  });
});

describe("where an account comes from, in a sentence", () => {
  const trail = { host: "ghcr.io", docker: null, differs: false, lesson: null };
  const step = { place: "`auths` of config.json", key: null, why: "" };
  test.each([
    [[], "No place has an account for `ghcr.io`, so it is asked anonymously."],
    [[{ ...step, account: "me", outcome: "empty" as const }], "No place has an account for `ghcr.io`, so it is asked anonymously."],
    [[{ ...step, account: "me", outcome: "chosen" as const }], "`ghcr.io` is asked as `me`, from `auths` of config.json."],
    [[{ ...step, account: null, outcome: "chosen" as const }], "`ghcr.io` is asked with what `auths` of config.json holds."],
    [[{ ...step, place: "docker-credential-pass", account: "me", outcome: "chosen" as const }], "`ghcr.io` is asked as `me`, from `docker-credential-pass`."],
  ])("%#", (steps, sentence) => expect(summaryOf({ ...trail, steps })).toBe(sentence));
});
