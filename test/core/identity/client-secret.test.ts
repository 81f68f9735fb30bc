import { describe, expect, it } from "vitest";
import { sweepKeys } from "../../../src/core/identity/client-secret.ts";
import type { Application, PasswordCredential } from "../../../src/domain/identity.ts";

type Ports = Parameters<typeof sweepKeys>[2];

const clusterId = "11111111-1111-4111-8111-111111111111";
const key = (keyId: string, operation: string): PasswordCredential => ({
  keyId,
  displayName: `acr-pull/${clusterId}/${operation}`,
  hint: undefined,
  startDateTime: undefined,
  endDateTime: undefined,
});
const application = (...passwords: PasswordCredential[]): Application => ({
  objectId: "object",
  appId: "app",
  displayName: "acr-pull-myregistry",
  uniqueName: "acr-pull-hash",
  tags: [],
  passwords,
});

/** A directory whose replicas answer in turn, and the keys that were removed from it. */
function replicas(...answers: ReadonlyArray<Application | undefined>) {
  const removed: string[] = [];
  let reads = 0;
  let now = 0;
  const ports = {
    directory: {
      readApplication: async () => answers[Math.min(reads++, answers.length - 1)],
      removePassword: async (_objectId: string, keyId: string) => void removed.push(keyId),
    },
    clock: {
      now: () => new Date(now),
      sleep: async (milliseconds: number) => void (now += milliseconds),
    },
    report: () => {},
    timeoutMs: 10_000,
  } as unknown as Ports;
  return { ports, removed };
}

const { signal } = new AbortController();
const wish = { clusterId, operations: ["lost"], newest: "new", held: new Set(["new"]) };
const [left, newest] = [key("left", "lost"), key("new", "this")];

describe("keys that an interrupted run left", () => {
  it("are looked for until a replica answers that knows the newest key, and so every older one", async () => {
    const { ports, removed } = replicas(undefined, application(), application(left, newest));
    await sweepKeys(application(), wish, ports, signal);
    expect(removed).toEqual(["left"]);
  });

  it("are not taken for gone when no replica comes to know the newest key in time", async () => {
    const { ports, removed } = replicas(application());
    await expect(sweepKeys(application(), wish, ports, signal)).rejects.toMatchObject({
      code: "directory.key-unlisted",
      retryable: true,
    });
    expect(removed).toEqual([]);
  });

  it("stay while a secret holds them, and are told", async () => {
    const { ports, removed } = replicas(application(left, newest));
    const swept = await sweepKeys(application(), { ...wish, held: new Set(["left"]) }, ports, signal);
    expect(swept).toEqual({ removed: [], held: ["left"] });
    expect(removed).toEqual([]);
  });
});
