import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { recordSession } from "./recorded-session.ts";

let session: string;
beforeAll(async () => {
  session = await recordSession();
});

/** `UPDATE_DOCS=1` writes what was recorded. */
function expectRecorded(page: string, region: RegExp, recorded: string): void {
  const path = fileURLToPath(new URL(`../../${page}`, import.meta.url));
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(region);
  const updated = text.replace(region, (_all, start: string, end: string) => start + recorded + end);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(path, updated);
  expect(readFileSync(path, "utf8")).toBe(updated);
}

it("the session on the page of setup is what a run shows", () => {
  const region =
    /(<!-- recorded session -->\n\n```console\n)[^]*?(\n```\n\n<!-- end of recorded session -->)/;
  expectRecorded("docs/setup.md", region, session);
});

it("the README shows of it the plan and what became of it", () => {
  const [excerpt = ""] = /^Plan for [^]*?^✓ .* can pull from .*$/m.exec(session) ?? [];
  const region =
    /(<!-- excerpt of the recorded session -->\n\n```console\n\$ [^\n]*\n)[^]*?(\n```\n\n<!-- end of excerpt -->)/;
  expectRecorded("README.md", region, excerpt);
});
