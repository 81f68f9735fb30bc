import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { oneLine, speakable } from "../../../src/cli/show/foreign-text.ts";
import { jsonText } from "../../../src/cli/show/document-view.ts";
import { forgetSecrets, learnSecret } from "../../../src/domain/known-secrets.ts";

// What a terminal acts on, what reorders text, and what shows nothing. Written independently of the code under test.
const acting =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;

const nasty = fc.constantFrom(
  "\u001b[2J",
  "\u001b[31m",
  "\u001b]8;;https://evil.example\u0007",
  "\u001b]52;c;aGk=\u001b\\",
  "\u009b1A",
  "\u009d0;title\u009c",
  "\u001bPq\u001b\\",
  "\u001b",
  "\u0008",
  "\r",
  "\r\n",
  "\u007f",
  "\u202e",
  "\u2066",
  "\u200f",
  "\u200b",
  "\ufeff",
  "\u{e0041}",
);
const hostile = fc
  .array(fc.oneof(nasty, fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), { maxLength: 8 })
  .map((parts) => parts.join(""));

describe("text that others wrote", () => {
  it("holds nothing a terminal acts on once it is cleaned", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(oneLine(text)).not.toMatch(acting);
      }),
      { numRuns: 10_000 },
    );
  });

  it("loses its commands whole, not only their first character", () => {
    expect(oneLine("a\u001b]8;;https://evil.example\u0007b\u001b[31mc\u009b2Jd")).toBe("abcd");
    expect(oneLine("a\u001b]0;never ended")).toBe("a");
  });

  it("commands no CI service, in whatever form it is shown, and reads back as it was", () => {
    const texts = ["a ##vso[task.complete]b", "##[add-mask]x", "#\u200b#[error]", "####VSO[x]"];
    for (const text of texts) {
      expect(oneLine(text)).not.toMatch(/##(?:vso)?\[/i);
      const json = jsonText({ text });
      expect(json).not.toMatch(/##(?:vso)?\[/i);
      expect(JSON.parse(json)).toEqual({ text });
    }
  });

  it("stays on one line, its words apart", () => {
    expect(oneLine("one\r\ntwo\tthree\u2028four")).toBe("one two three four");
  });

  it.each([
    ["combining grapheme joiner", "\u034f"],
    ["Hangul filler of the first letter", "\u115f"],
    ["Hangul filler of the second letter", "\u1160"],
    ["Hangul filler", "\u3164"],
    ["Hangul filler of half width", "\uffa0"],
    ["Khmer vowel that is only implied", "\u17b4"],
    ["variation selector of Mongolian", "\u180b"],
    ["variation selector", "\ufe0f"],
    ["variation selector beyond the first sixteen", "\u{e0100}"],
    ["beginning of a beam of notes", "\u{1d173}"],
  ])("loses the letter that shows nothing: %s", (_name, letter) => {
    expect(oneLine(`ad${letter}min${letter}`)).toBe("admin");
    const json = jsonText({ name: letter });
    expect(json).not.toContain(letter);
    expect(JSON.parse(json)).toEqual({ name: letter });
  });

  it("has a space where a pattern of Braille is blank", () => {
    expect(oneLine("a\u2800b")).toBe("a b");
    expect(jsonText({ name: "\u2800" })).not.toContain("\u2800");
  });

  it("is untouched where it is harmless", () => {
    expect(oneLine("Zürich – 東京 “q” 👍🏽")).toBe("Zürich – 東京 “q” 👍🏽");
  });
});

describe("a name that repeats a secret", () => {
  const secret = "Qx8Q~Lw9_Zr5-Tb3Vn8Pm";
  afterEach(forgetSecrets);

  it.each([secret, `\u200b${secret}`, `${secret.slice(0, 9)}\u200b${secret.slice(9)}`, secret.slice(5, 17)])(
    "is not shown, also where it is hidden in what shows nothing: %j",
    (name) => {
      learnSecret(secret);
      expect(oneLine(`namespace ${name} is there`)).toBe("namespace (omitted: it repeats a secret)");
    },
  );

  it("is in no document, wherever it stands there", () => {
    learnSecret(secret);
    const hidden = "(omitted: it repeats a secret)";
    expect(speakable({ a: [{ [secret]: secret, n: 1, none: null }], b: "plain" })).toEqual({
      a: [{ [hidden]: hidden, n: 1, none: null }],
      b: "plain",
    });
  });

  it("is shown where what it shares with the secret is a word", () => {
    learnSecret("the-registry-password");
    expect(oneLine("no registry of that name")).toBe("no registry of that name");
  });
});

describe("documents", () => {
  it("hold nothing a terminal acts on, and read back as they were", () => {
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile, { maxKeys: 3 }), (fields) => {
        const json = jsonText(fields);
        expect(json.replaceAll("\n", "")).not.toMatch(acting);
        const plain = JSON.parse(JSON.stringify(fields)) as unknown;
        expect(JSON.parse(json)).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
  });
});
