import { describe, expect, it } from "vitest";
import { entriesFor, readDockerConfig } from "../../src/sandbox/kubernetes/kubelet-keyring.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const auths = (entries: Record<string, unknown>) => JSON.stringify({ auths: entries });

describe("a kubelet that reads a pull secret", () => {
  it.each([
    ["nothing in it", "{}", []],
    ["no hosts", auths({}), []],
    ["user name and password", auths({ h: { username: "u", password: "p" } }), [["h", "u", "p"]]],
    [
      "auth, which goes before both",
      auths({ h: { username: "x", password: "y", auth: base64("u:p") } }),
      [["h", "u", "p"]],
    ],
    ["a colon in the password", auths({ h: { auth: base64("u:p:q") } }), [["h", "u", "p:q"]]],
    ["auth without padding", auths({ h: { auth: base64("u:pp").replaceAll("=", "") } }), [["h", "u", "pp"]]],
  ])("takes %s", (_, text, expected) => {
    const entries = readDockerConfig(text);
    expect(entries?.map(({ key, username, password }) => [key, username, password])).toEqual(expected);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["lists in lists without an end", `{"other":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
    ["hosts that are no object", JSON.stringify({ auths: [] })],
    ["an entry that is no object", auths({ h: "x" })],
    ["a password that is no text", auths({ h: { username: "u", password: 1 } })],
    ["auth without a colon", auths({ h: { auth: base64("up") } })],
    ["auth that is no base64", auths({ h: { auth: "u:p!" } })],
    ["one good entry and a bad one", auths({ a: { username: "u", password: "p" }, b: { auth: "?" } })],
  ])("gives up on %s", (_, text) => {
    expect(readDockerConfig(text)).toBeUndefined();
  });
});

describe("a kubelet that looks for credentials", () => {
  it.each([
    ["localhost:5000", "localhost:5000/app", true],
    ["https://localhost:5000", "localhost:5000/app", true],
    ["http://localhost:5000/v1/", "localhost:5000/app", true],
    ["https://localhost:5000/v2/", "localhost:5000/app", true],
    ["localhost:5000/app", "localhost:5000/app/x", true],
    ["localhost:5000/other", "localhost:5000/app", false],
    ["localhost:5001", "localhost:5000/app", false],
    ["localhost", "localhost:5000/app", false],
    ["*.azurecr.io", "a.azurecr.io/app", true],
    ["*.azurecr.io", "a.b.azurecr.io/app", false],
    ["a?.azurecr.io", "ab.azurecr.io/app", true],
    ["A.azurecr.io", "a.azurecr.io/app", false],
    ["", "localhost:5000/app", false],
  ])("tries the key %j for %s: %s", (key, image, fits) => {
    expect(entriesFor([{ key, username: "u", password: "p" }], image)).toHaveLength(fits ? 1 : 0);
  });

  it("tries every entry that fits", () => {
    const entries = ["localhost:5000", "https://localhost:5000", "other"].map((key) => ({
      key,
      username: "u",
      password: "p",
    }));
    expect(entriesFor(entries, "localhost:5000/app")).toHaveLength(2);
  });
});
