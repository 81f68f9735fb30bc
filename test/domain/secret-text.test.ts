import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { SecretText } from "../../src/domain/secret-text.ts";

describe("a secret text", () => {
  const secret = new SecretText("s3cret-value");

  it("shows itself nowhere but where it is revealed", () => {
    const shown = [
      String(secret),
      "".concat(secret as unknown as string),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true }),
      inspect(new Error("x", { cause: secret })),
      Object.values(secret).join(),
      JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
    ];
    for (const text of shown) expect(text).not.toContain("s3cret");
    expect(secret.reveal()).toBe("s3cret-value");
  });

  it("compares by its value", () => {
    expect(secret.equals(new SecretText("s3cret-value"))).toBe(true);
    expect(secret.equals(new SecretText("other"))).toBe(false);
  });
});
