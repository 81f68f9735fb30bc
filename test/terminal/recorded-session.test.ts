import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { stripVTControlCharacters } from "node:util";
import { recordSession, type RecordedSession } from "./recorded-session.ts";

let session: RecordedSession;
beforeAll(async () => {
  session = await recordSession();
});

/** `UPDATE_DOCS=1` writes the recording into the page. */
function compare(page: string, region: RegExp, recorded: string) {
  const path = fileURLToPath(new URL(`../../${page}`, import.meta.url));
  const updated = readFileSync(path, "utf8").replace(
    region,
    (_all, start: string, end: string) => start + recorded + end,
  );
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(path, updated);
  return { page: readFileSync(path, "utf8"), updated };
}

it("the session on the page of setup is what a run shows", () => {
  const region =
    /(<!-- recorded session -->\n\n```console\n)[^]*?(\n```\n\n<!-- end of recorded session -->)/;
  const { page, updated } = compare("docs/setup.md", region, session.whole);
  expect(page).toMatch(region);
  expect(page).toBe(updated);
});

const picture = "docs/picture/setup";

it("what the README's picture is drawn from is what a run shows", () => {
  const { page, updated } = compare(`${picture}.ansi`, /^()[^]*(\n)$/, session.excerpt);
  expect(page).toBe(updated);
});

it.each(["light", "dark"])(
  "the picture in %s colours is drawn from it; docs/picture/draw does so",
  (colors) => {
    const svg = readFileSync(
      fileURLToPath(new URL(`../../${picture}-${colors}.svg`, import.meta.url)),
      "utf8",
    );
    const drawn = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text);
    const read = (text: string) => text.replaceAll(/\s/g, "");
    const shown = `acr-pull setup ${stripVTControlCharacters(session.excerpt)}`;
    expect(read(unescaped(drawn.join("")))).toBe(read(shown));
  },
);

function unescaped(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
