import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

/** What a request fetches, in words. Undefined for requests that only lead there. */
function fetched({ method, path }: RequestEntry): string | undefined {
  const registry = /registries\/(\w+)\//.exec(path)?.[1] ?? "";
  if (path.endsWith("/registries")) return "registries";
  if (path.endsWith("/permissions")) return `rights on ${registry}`;
  if (path.endsWith("/roleAssignments")) return `principals of ${registry}`;
  if (path.endsWith("/defaultAppManagementPolicy")) return "password policy";
  if (path.endsWith("/api/v1/namespaces")) return "namespaces";
  if (path.endsWith("/serviceaccounts")) return "service accounts";
  if (/\/secrets\/[^/]+$/.test(path)) return method === "PATCH" ? "rehearsed change" : "secret";
  return undefined;
}

/** What was fetched and answered since there were this many requests. */
function fetchedSince(before: number): string[] {
  return sandbox.requests.entries
    .slice(before)
    .filter(({ status }) => status !== undefined)
    .flatMap((entry) => fetched(entry) ?? []);
}

/**
 * Waits at a question, without pressing a key, until as much was fetched as the list says. It must be exactly that.
 * @param before how many requests there were when the answer that led here was given
 */
async function expectFetchedAt(
  walk: Walk,
  question: QuestionName,
  wanted: readonly string[],
  before: number,
) {
  await walk.at(question);
  await walk.run.when(
    () => fetchedSince(before).length >= wanted.length,
    `${wanted.join(", ")} fetched at the question ${question}`,
  );
  // Nothing else was fetched, and nothing twice.
  expect(fetchedSince(before).sort()).toEqual([...wanted].sort());
}

/** What the questions about Azure show, for the registry that is listed first. */
const azure = ["password policy", "principals of abacregistry", "registries"];

const requests = () => sandbox.requests.entries.length;

describe("while a question is read", () => {
  it("what the next ones show is fetched, by the answers that are likely, and only once", async () => {
    const walk = await Walk.start(sandbox);
    await expectFetchedAt(walk, "signIn", azure, 0);

    const settled = requests();
    await walk.accept("signIn", "registry", "principal");
    await expectFetchedAt(walk, "contexts", ["namespaces", "secret", "service accounts"], settled);

    const survey = requests();
    await walk.accept("contexts", "namespaces", "secretName", "serviceAccounts", "role", "repositories");
    await walk.at("lifetime");
    const rehearsals = () => fetchedSince(survey).filter((one) => one === "rehearsed change").length;
    await walk.run.when(() => rehearsals() > 0, "the rehearsal before the last question is answered");
    await (await walk.accept("lifetime")).at("review");
    expect(rehearsals()).toBe(1);

    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
  });

  it("an unexpected answer fetches only what depends on it", async () => {
    const start = requests();
    const walk = await Walk.start(sandbox, ["--auth", "environment"]);
    await expectFetchedAt(walk, "registry", azure, start);

    const registry = requests();
    await walk.answer("registry", "myregistry");
    await expectFetchedAt(walk, "principal", ["principals of myregistry"], registry);

    const principal = requests();
    await walk.accept("principal");
    await expectFetchedAt(walk, "contexts", ["namespaces", "secret", "service accounts"], principal);

    const namespaces = requests();
    await walk.accept("contexts");
    await (await walk.at("namespaces")).press("awesomeapps", "enter").shows("[x] awesomeapps");
    walk.press("enter");
    await expectFetchedAt(
      walk,
      "secretName",
      ["secret", "secret", "service accounts", "service accounts"],
      namespaces,
    );
    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
  });
});
