import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretOf, setup } from "../program.ts";
import { expectOrder, starts, startWorld } from "./kills.ts";

const start = starts.nothing;

/** Makes every pending mark look as if nobody had renewed it for more than a minute. */
function letMarksGrowStale(sandbox: Sandbox): void {
  for (const namespace of ["awesomeapps", "default"]) {
    const annotations = secretOf(sandbox, namespace)?.metadata.annotations;
    const text = annotations?.["acr-pull/entries"];
    if (!annotations || text === undefined) continue;
    annotations["acr-pull/entries"] = text.replace(
      /"renewedAt":"[^"]*"/g,
      `"renewedAt":"${new Date(Date.now() - 61_000).toISOString()}"`,
    );
  }
}

/** Stops a run at a moment, lets another one finish in its place, and lets the first go on. */
async function overtake(request: RegExp): Promise<void> {
  const sandbox = await startWorld(start);
  let resume: () => void = () => {};
  try {
    let signal: (name: NodeJS.Signals) => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      let met = false;
      const unobserve = sandbox.observe((reached, entry) => {
        if (met || reached !== "answered" || !request.test(`${entry.method} ${entry.path}`)) return;
        met = true;
        unobserve();
        signal("SIGSTOP");
        resolve();
      });
    });
    resume = () => signal("SIGCONT");
    const first = setup(sandbox, start.arguments, { started: (send) => (signal = send) });
    await stopped;
    letMarksGrowStale(sandbox);
    const second = await setup(sandbox, start.arguments);
    expect(second.code, second.stderr).toBe(0);
    expectOrder(sandbox);
    const written = ["awesomeapps", "default"].map((namespace) => secretOf(sandbox, namespace)?.["data"]);
    const before = sandbox.requests.entries.length;
    resume();
    const run = await first;
    expect([0, 1], run.stderr).toContain(run.code);
    expectOrder(sandbox);
    expect(["awesomeapps", "default"].map((namespace) => secretOf(sandbox, namespace)?.["data"])).toEqual(
      written,
    );
    const writes = sandbox.requests.entries
      .slice(before)
      .filter(
        ({ mutating, service, status = 0 }) => mutating && service.startsWith("cluster") && status < 300,
      );
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  } finally {
    resume();
    await sandbox.close();
  }
}

describe("a run of setup that was held up while another one finished in its place", () => {
  it.each([
    ["before its key was made", /PATCH .*applications/],
    ["after its key was made", /POST .*addPassword/],
    ["after its key was proven", /GET \/oauth2\/token/],
    ["after its first secret was written", /PATCH .*\/secrets\/acr-secret/],
  ])("%s undoes nothing that the other has written and removes no key in use", async (_when, request) => {
    await expect(overtake(request)).resolves.toBeUndefined();
  });
});
