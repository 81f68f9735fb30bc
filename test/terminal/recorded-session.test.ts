import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { recordSession } from "./recorded-session.ts";

const path = fileURLToPath(new URL("../../README.md", import.meta.url));
const region = /(<!-- recorded session -->\n\n```console\n)[^]*?(\n```\n\n<!-- end of recorded session -->)/;

/** `UPDATE_README=1` records it anew. */
it("the session in the README is what a run shows", async () => {
  const session = await recordSession();
  const readme = readFileSync(path, "utf8");
  const updated = readme.replace(region, (_all, start: string, end: string) => start + session + end);
  if (process.env["UPDATE_README"] === "1") writeFileSync(path, updated);
  expect(readme).toMatch(region);
  expect(readFileSync(path, "utf8")).toBe(updated);
});
