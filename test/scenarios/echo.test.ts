import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Search, secretsOf, watching } from "../echoes.ts";
import { runInProcess, type Run } from "../program.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

type Echo = NonNullable<FaultOptions["echo"]>;

/** Runs setup while a service repeats what it is sent. `told` is the part of a secret that came through, if any. */
async function setupAmid(
  faults: readonly FaultOptions[],
  args: readonly string[] = [],
): Promise<{ readonly run: Run; readonly told: string | undefined }> {
  sandbox.setFaults(faults);
  const { result: run, watched } = await watching(() =>
    runInProcess(sandbox, ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y", ...args], {
      hurried: true,
    }),
  );
  sandbox.setFaults([]);
  const search = new Search([...secretsOf(sandbox), ...watched.credentials], 8);
  return { run, told: search.in(run.stdout + run.stderr) };
}

const services = [
  ["the token endpoint", "POST .*/oauth2/v2.0/token", "body"],
  ["Resource Manager", "GET .*Microsoft.ContainerRegistry/registries", "authorization"],
  ["Graph", "^[A-Z]+ /(v1.0|beta)/", "authorization"],
  ["the registry", "GET /oauth2/token", "authorization"],
  ["the API server", "^[A-Z]+ /api/", "authorization"],
] as const;
const encodings = ["plain", "json", "url", "hex", "base64"] as const;
const statuses = [400, 401, 403, 404, 409, 422, 429, 500, 503] as const;

describe("a service that repeats what it was sent", () => {
  it.each(services.flatMap(([name, match, of]) => encodings.map((as) => [name, as, match, of] as const)))(
    "%s, in %s, has none of it shown",
    async (_name, as, match, of) => {
      const first = encodings.indexOf(as);
      // Each encoding with a different third of the statuses. The long run has all of them.
      for (const index of [first, first + 3, first + 6]) {
        const status = statuses[index % statuses.length];
        const echo: Echo = { of, as, in: "everywhere", from: index };
        const { told, run } = await setupAmid(
          [{ match, status, echo, times: 50 }],
          [
            "--timeout",
            "1s",
            "-o",
            index % 2 === 0 ? "json" : "text",
            ...(index % 3 === 0 ? ["--debug"] : []),
          ],
        );
        expect(told, `status ${status}\n${run.stderr}`).toBeUndefined();
      }
    },
  );

  it("is quoted up to where it begins to, so that a person learns why", async () => {
    const { run, told } = await setupAmid([
      { match: "POST .*/oauth2/v2.0/token", status: 401, code: "7000215", echo: { of: "body" }, times: 50 },
    ]);
    expect(told).toBeUndefined();
    expect(run.stderr).toContain("AADSTS7000215: Invalid client secret provided.");
  });
});
