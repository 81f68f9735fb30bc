import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const load = async (file: string) => await import(new URL(file, import.meta.url).href);

interface Mutant {
  readonly name: string;
  readonly caughtBy: { readonly file: string };
}

it("every mutant finds the guard that it breaks, and the file of the test that catches it", async () => {
  const { mutants } = (await load("./mutants.js")) as { mutants: readonly Mutant[] };
  const { editedFiles } = (await load("./edited-files.js")) as {
    editedFiles: (mutant: Mutant, folder: string) => Promise<ReadonlyMap<string, unknown>>;
  };
  expect(mutants.length).toBeGreaterThan(50);
  const rotten = await Promise.all(
    mutants.map((mutant) =>
      editedFiles(mutant, root).then(
        () => (existsSync(join(root, mutant.caughtBy.file)) ? [] : [mutant.caughtBy.file]),
        (error: unknown) => [String(error)],
      ),
    ),
  );
  expect(rotten.flat()).toEqual([]);
});
