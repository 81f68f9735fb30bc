import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Recorded requests to the real services with their answers. They lie beside the checkout and are not part of it. */
const folder = fileURLToPath(new URL("../../../shared/contract/azure/", import.meta.url));

export const hasRecordings = existsSync(folder);

/** One request, and how the real service answered it. */
export interface Recording {
  readonly request: { readonly method: string; readonly url: string; readonly body: unknown };
  readonly response: {
    readonly status: number;
    /** Some were dropped during recording, so an absent header proves nothing. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Json;
  };
}

// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

/** Every recording by its name. */
export const recordings: ReadonlyMap<string, Recording> = new Map(
  (hasRecordings ? readdirSync(folder) : [])
    .filter((file) => file.endsWith(".json"))
    .map((file) => [
      file.slice(0, -".json".length),
      JSON.parse(readFileSync(`${folder}${file}`, "utf8")) as Recording,
    ]),
);

/** A recording that a test needs. */
export function recording(name: string): Recording {
  const found = recordings.get(name);
  if (!found) throw new Error(`there is no recording ${name}`);
  return found;
}
