import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { recordSession } from "./recorded-session.ts";

let session: string;
beforeAll(async () => {
  session = await recordSession();
});

/** `UPDATE_DOCS=1` writes what was recorded. */
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
  const { page, updated } = compare("docs/setup.md", region, session);
  expect(page).toMatch(region);
  expect(page).toBe(updated);
});

it("the README shows of it the plan and what became of it", () => {
  const [excerpt = ""] = /^Plan for [^]*?^✓ .* can pull from .*$/m.exec(session) ?? [];
  const region =
    /(<!-- excerpt of the recorded session -->\n\n```console\n\$ [^\n]*\n)[^]*?(\n```\n\n<!-- end of excerpt -->)/;
  const { page, updated } = compare("README.md", region, excerpt);
  expect(page).toMatch(region);
  expect(page).toBe(updated);
});
