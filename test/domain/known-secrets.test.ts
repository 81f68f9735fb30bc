import { beforeEach, describe, expect, test } from "vitest";
import { forgetSecrets, holdsSecret, learnSecret, withoutSecrets } from "../../src/domain/known-secrets.ts";

const secret = "k7~Qx.2Lw9_Zr5-Tb3Vn8Pm";
const piece = secret.slice(6, 14);

beforeEach(() => {
  forgetSecrets();
  learnSecret(secret);
});

describe("a text that repeats a secret", () => {
  const base64 = (before: number) => Buffer.from(`${"/".repeat(before)}${piece}?`).toString("base64");
  test.each([
    ["as it is", `got ${piece}.`],
    [
      "with the escapes of JSON",
      `got \\u${piece.charCodeAt(0).toString(16).padStart(4, "0")}${piece.slice(1)}`,
    ],
    [
      "as a URL has it",
      `got secret%3D${[...Buffer.from(piece)].map((byte) => `%${byte.toString(16)}`).join("")}`,
    ],
    ["in hex", `got ${Buffer.from(piece).toString("hex")}`],
    ["in hex with an odd digit before", `got a${Buffer.from(piece).toString("hex").toUpperCase()}`],
    ["in base64", `got ${base64(0)}`],
    ["in base64 after one byte", `got ${base64(1)}`],
    ["in base64 after two bytes", `got ${base64(2)}`],
    ["in base64 that lacks its begin", `got ${base64(2).slice(1)}`],
    ["in the base64 of a URL", `got ${Buffer.from(encodeURIComponent(`/${piece}`)).toString("base64url")}`],
    ["in the base64 of JSON in base64", `got ${Buffer.from(`{"a":"${base64(1)}"}`).toString("base64")}`],
  ])("is cut off before it: %s", (_how, text) => {
    expect(withoutSecrets(text)).toBe("got (omitted: it repeats a secret)");
  });

  test("says nothing at all where it begins with it", () => {
    expect(withoutSecrets(secret)).toBe("(omitted: it repeats a secret)");
  });

  test("keeps all words before it, and none after it", () => {
    expect(withoutSecrets(`AADSTS7000215: Invalid client secret: ${secret} for app x`)).toBe(
      "AADSTS7000215: Invalid client secret: (omitted: it repeats a secret)",
    );
  });

  test("may hold less than eight characters of it, or what length is asked for", () => {
    expect(holdsSecret(secret.slice(3, 10))).toBe(false);
    expect(holdsSecret(secret.slice(3, 14), 12)).toBe(false);
    expect(holdsSecret(secret.slice(3, 15), 12)).toBe(true);
  });

  test("is looked for as soon as the secret is known, and no longer than the run lasts", () => {
    expect(holdsSecret("another-")).toBe(false);
    learnSecret("another-secret");
    expect(holdsSecret("another-")).toBe(true);
    forgetSecrets();
    expect(holdsSecret("another-")).toBe(false);
  });

  test("is looked through fast, however long it is", () => {
    const long = Buffer.from("lorem ipsum ".repeat(100_000)).toString("base64");
    expect(withoutSecrets(`${long} ${secret}`)).toBe("(omitted: it repeats a secret)");
  });
});
