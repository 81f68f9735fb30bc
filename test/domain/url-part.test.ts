import fc from "fast-check";
import { expect, it } from "vitest";
import { urlPart } from "../../src/domain/url-part.ts";

it("a text stands in a URL as it is, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodeURIComponent(urlPart(text))).toBe(text);
      expect(new URL(`https://a.example/${urlPart(text)}/b`).host).toBe("a.example");
    }),
  );
});

it.each(["\ud800", "a\udc00b", "\udc00\ud800"])("half a letter is none: %j", (text) => {
  expect(decodeURIComponent(urlPart(text))).toBe(Buffer.from(text).toString());
});
