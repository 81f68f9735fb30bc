import { afterEach, describe, expect, test } from "vitest";
import { hasCode, OutcomeUnknownError } from "../../src/domain/errors.ts";
import type { Application } from "../../src/domain/identity.ts";
import type { ApplicationRecord } from "../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";
import { shortPauses } from "../short-pauses.ts";

shortPauses();

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function open(options: SandboxOptions = {}): Promise<SandboxedAzure> {
  opened = await sandboxedAzure(options);
  return opened;
}

const uniqueName = "acr-pull-0000";
const wanted = { uniqueName, displayName: "it's ours & theirs", tags: ["acr-pull"] };
const inAYear = new Date(Date.now() + 365 * 86_400_000);

async function register({ azure }: SandboxedAzure): Promise<Application> {
  const { application } = await azure.directory.createApplication(wanted, signal);
  return application;
}

function recordOf({ sandbox }: SandboxedAzure, appId: string): ApplicationRecord {
  const record = sandbox.world.applications.find((one) => one.appId === appId);
  if (!record) throw new Error("no such application");
  return record;
}

function countOf(lines: readonly string[], pattern: RegExp): number {
  return lines.filter((line) => pattern.test(line)).length;
}

describe("an application", () => {
  test("that is deleted is waited for until no part of the directory shows it", async () => {
    const opened = await open({ replicationLag: "2s" });
    const { azure } = opened;
    const { objectId, appId } = await register(opened);
    // Every replica has known it for a long time.
    Object.assign(recordOf(opened, appId), { createdAt: Date.now() - 60_000 });
    await azure.directory.removeApplication(objectId, signal);
    for (let looks = 0; looks < 8; looks += 1) {
      expect(await azure.directory.findApplicationByUniqueName(uniqueName, signal)).toBeUndefined();
    }
  });

  test("of another owner is not deleted", async () => {
    const opened = await open();
    const { objectId, appId } = await register(opened);
    recordOf(opened, appId).owners.splice(0);
    await expect(opened.azure.directory.removeApplication(objectId, signal)).rejects.toMatchObject({
      code: "directory.forbidden",
      exitCode: 3,
    });
  });

  test("is registered once and found by each of its names", async () => {
    const { azure } = await open();
    expect(await azure.directory.findApplicationByUniqueName(uniqueName, signal)).toBeUndefined();
    const { application, created } = await azure.directory.createApplication(wanted, signal);
    expect(created).toBe(true);
    expect(application).toMatchObject({ ...wanted, passwords: [] });
    const principal = await azure.directory.createServicePrincipal(application.appId, signal);
    const references = [
      application.appId,
      application.objectId,
      principal?.objectId ?? "",
      wanted.displayName,
    ];
    for (const reference of references) {
      const found = await azure.directory.findApplications(reference, signal);
      expect(found.map(({ objectId }) => objectId)).toEqual([application.objectId]);
    }
    expect(await azure.directory.findApplications("IT'S ours & theirs", signal)).toEqual([]);
    expect((await azure.directory.createApplication(wanted, signal)).created).toBe(false);
  });

  test("is searched by how its name begins, quotes and letter case notwithstanding, or by any of its ids", async () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ displayName: `many ${index}` }));
    const { azure, lines } = await open({
      pageSize: 7,
      applications: [
        { displayName: "It's b & c" },
        { displayName: "it's a" },
        { displayName: "not it" },
        ...many,
      ],
    });
    const search = (text: string) => azure.directory.searchApplications(text, signal);
    const [first, ...others] = await search(" IT'S ");
    expect([first, ...others].map((one) => one?.displayName)).toEqual(["it's a", "It's b & c"]);
    if (!first) throw new Error("nothing found");
    expect(Object.keys(first).sort()).toEqual(["appId", "displayName", "objectId"]);
    expect(await search(first.appId)).toEqual([first]);
    expect(await search(first.objectId)).toEqual([first]);
    expect(await search("It's b & c and more")).toEqual([]);
    const before = lines().length;
    expect(await search("many")).toHaveLength(20);
    // Three pages of seven are enough, and a fourth is not asked for.
    expect(lines().length - before).toBe(3);
    expect(await search("")).toHaveLength(20);
  });

  test("is listed with its keys by a tag that it bears, however many bear it", async () => {
    const many = Array.from({ length: 5 }, (_, index) => ({
      displayName: `many ${index}`,
      tags: ["it's"],
      owners: ["caller"],
    }));
    const { azure } = await open({
      pageSize: 2,
      applications: [...many, { displayName: "other", tags: ["it"] }, { displayName: "none" }],
    });
    const [first] = await azure.directory.findApplications("many 0", signal);
    const password = { displayName: "ours", endDateTime: new Date(Date.now() + 86_400_000) };
    const { keyId } = await azure.directory.addPassword(first?.objectId ?? "", password, signal);
    const found = await azure.directory.listApplicationsTagged("it's", signal);
    expect(found.map(({ displayName }) => displayName).toSorted()).toEqual(
      many.map(({ displayName }) => displayName),
    );
    const listed = found.flatMap(({ passwords }) => passwords.map((one) => [one.keyId, one.displayName]));
    expect(listed).toEqual([[keyId, "ours"]]);
  });

  test("names its owners and how many workloads sign in as it", async () => {
    const { azure, sandbox } = await open({
      applications: [
        {
          displayName: "shared",
          uniqueName: "shared",
          owners: ["caller"],
          federatedCredentials: [{ name: "ci", issuer: "https://issuer.example", subject: "ci" }],
        },
      ],
    });
    const application = await azure.directory.findApplicationByUniqueName("shared", signal);
    const objectId = application?.objectId ?? "";
    const owners = await azure.directory.listOwners(objectId, signal);
    expect(owners.map((owner) => owner.objectId)).toEqual([sandbox.world.caller.objectId]);
    expect(await azure.directory.countFederatedCredentials(objectId, signal)).toBe(1);
  });

  test("gets an owner once, however often that is asked", async () => {
    const { azure, sandbox } = await open({
      caller: { graphPermissions: ["Application.ReadWrite.All", "Directory.Read.All"] },
    });
    const { objectId } = await register({ azure } as SandboxedAzure);
    const ada = sandbox.world.users[0]?.id ?? "";
    await azure.directory.addOwner(objectId, ada, signal);
    await azure.directory.addOwner(objectId, ada, signal);
    const owners = await azure.directory.listOwners(objectId, signal);
    expect(owners.filter((owner) => owner.objectId === ada)).toHaveLength(1);
  });

  test("whose registration was answered by nobody is read, not made twice", async () => {
    const { azure, sandbox } = await open();
    sandbox.setFaults([{ match: "^POST .*/applications$", after: "commit", action: "drop" }]);
    await register({ azure } as SandboxedAzure);
    expect(sandbox.world.applications.filter((one) => one.uniqueName === uniqueName)).toHaveLength(1);
  });
});

describe("a service principal", () => {
  test("is told by its id from users, managed identities and principals of other tenants", async () => {
    const applications = Array.from({ length: 20 }, (_, index) => ({ displayName: `app ${index}` }));
    const { azure, sandbox } = await open({
      applications: [...applications, { displayName: "gone", softDeleted: true }],
      foreignPrincipals: [
        { displayName: "theirs", kind: "application" },
        { displayName: "workload", kind: "managed-identity" },
      ],
    });
    const { servicePrincipals, users } = sandbox.world;
    const ids = [...servicePrincipals, ...users].map(({ id }) => id.toUpperCase());
    const found = await azure.directory.findServicePrincipals([...ids, ...ids], signal);
    expect(found.map(({ displayName }) => displayName).sort()).toEqual(
      ["sandbox-caller", ...applications.map(({ displayName }) => displayName)].sort(),
    );
    const [{ appId, displayName, id } = { appId: "", displayName: "", id: "" }] = servicePrincipals;
    expect(found).toContainEqual({ objectId: id, appId, displayName });
    expect(await azure.directory.findServicePrincipals([], signal)).toEqual([]);
  });

  test("is read when it exists already", async () => {
    const azure = await open();
    const { appId } = await register(azure);
    const first = await azure.azure.directory.createServicePrincipal(appId, signal);
    expect(first?.appId).toBe(appId);
    expect(await azure.azure.directory.createServicePrincipal(appId, signal)).toEqual(first);
  });

  test.each([400, 409])("is read when it exists already, also where that is called %i", async (status) => {
    const azure = await open();
    const { appId } = await register(azure);
    const first = await azure.azure.directory.createServicePrincipal(appId, signal);
    const code = "Request_MultipleObjectsWithSameKeyValue";
    azure.sandbox.setFaults([{ match: "^POST .*/servicePrincipals", status, code, times: 9 }]);
    expect(await azure.azure.directory.createServicePrincipal(appId, signal)).toEqual(first);
    expect(countOf(azure.lines(), /^POST .*servicePrincipals$/)).toBe(2);
  });

  test.each([{ after: "commit", action: "reset" } as const, { action: "drop" } as const, { status: 500 }])(
    "is made once, also after %j",
    async (fault) => {
      const azure = await open();
      const { appId } = await register(azure);
      azure.sandbox.setFaults([{ match: "^POST .*/servicePrincipals", ...fault }]);
      expect((await azure.azure.directory.createServicePrincipal(appId, signal))?.appId).toBe(appId);
      const made = azure.sandbox.world.servicePrincipals.filter((one) => one.appId === appId);
      expect(made).toHaveLength(1);
    },
  );

  test("that cannot be made for a fault that stays is said to be the fault's victim", async () => {
    const azure = await open();
    const { appId } = await register(azure);
    azure.sandbox.setFaults([
      { match: "^POST .*/servicePrincipals", times: 9, status: 429, retryAfter: 3600 },
    ]);
    await expect(azure.azure.directory.createServicePrincipal(appId, signal)).rejects.toMatchObject({
      code: "azure.failed",
      retryable: true,
    });
  });

  test("is not there yet while replicas do not know the application, by either of their refusals", async () => {
    const azure = await open();
    const { appId } = await register(azure);
    const { replication } = azure.sandbox.world;
    replication.lagMs = 3_600_000;
    // The first replica knows the application. The two behind it do not, and each refuses in its own way.
    for (let replica = replication.read(); !replica.knows(recordOf(azure, appId));)
      replica = replication.read();
    let made;
    for (let tries = 0; !made && tries < 9; tries += 1) {
      made = await azure.azure.directory.createServicePrincipal(appId, signal);
    }
    expect(made).toMatchObject({ appId });
    const statuses = azure.sandbox.requests.entries
      .filter(({ method, path }) => method === "POST" && path.endsWith("/servicePrincipals"))
      .map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([400, 403, 201]));
  });

  test("is forbidden to a caller that does not own the application", async () => {
    const { azure } = await open({
      applications: [{ displayName: "theirs", uniqueName: "theirs", servicePrincipal: false }],
    });
    const application = await azure.directory.findApplicationByUniqueName("theirs", signal);
    await expect(
      azure.directory.createServicePrincipal(application?.appId ?? "", signal),
    ).rejects.toMatchObject({ code: "directory.forbidden", exitCode: 3, status: 403 });
  });
});

describe("a password", () => {
  test("is added with its name and end, shown without its text, and removed", async () => {
    const azure = await open();
    const { objectId } = await register(azure);
    const made = await azure.azure.directory.addPassword(
      objectId,
      { displayName: "acr-pull/a/b", endDateTime: inAYear },
      signal,
    );
    const listed = (await azure.azure.directory.readApplication(objectId, signal))?.passwords;
    expect(listed).toEqual([
      expect.objectContaining({
        keyId: made.keyId,
        displayName: "acr-pull/a/b",
        hint: made.secret.reveal().slice(0, 3),
      }),
    ]);
    expect(Math.abs((listed?.[0]?.endDateTime?.getTime() ?? 0) - inAYear.getTime())).toBeLessThan(1000);
    await azure.azure.directory.removePassword(objectId, made.keyId, signal);
    expect((await azure.azure.directory.readApplication(objectId, signal))?.passwords).toEqual([]);
    await azure.azure.directory.removePassword(objectId, made.keyId, signal);
  });

  test.each(["drop", "reset"] as const)(
    "whose answer is lost (%s) is not asked for again",
    async (action) => {
      const azure = await open();
      const { objectId } = await register(azure);
      azure.sandbox.setFaults([{ match: "addPassword", times: 9, after: "commit", action }]);
      const adding = azure.azure.directory.addPassword(
        objectId,
        { displayName: "x", endDateTime: inAYear },
        signal,
      );
      await expect(adding).rejects.toBeInstanceOf(OutcomeUnknownError);
      expect(countOf(azure.lines(), /addPassword/)).toBe(1);
    },
  );

  test("that met a 500 may exist all the same", async () => {
    const azure = await open();
    const { objectId } = await register(azure);
    azure.sandbox.setFaults([{ match: "addPassword", status: 500 }]);
    const adding = azure.azure.directory.addPassword(
      objectId,
      { displayName: "x", endDateTime: inAYear },
      signal,
    );
    await expect(adding).rejects.toMatchObject({ code: "directory.outcome-unknown", status: 500 });
    expect(countOf(azure.lines(), /addPassword/)).toBe(1);
  });

  test.each([
    { status: 429, retryAfter: 0 },
    { status: 409, code: "Directory_ConcurrencyViolation" },
    { status: 400, code: "Directory_ConcurrencyViolation" },
    { status: 409, code: "Request_Conflict" },
  ])("that was refused undone ($status $code) is asked for again", async (fault) => {
    const azure = await open();
    const { objectId } = await register(azure);
    azure.sandbox.setFaults([{ match: "addPassword", ...fault }]);
    await azure.azure.directory.addPassword(objectId, { displayName: "x", endDateTime: inAYear }, signal);
    expect((await azure.azure.directory.readApplication(objectId, signal))?.passwords).toHaveLength(1);
  });

  test("is really removed although a replica says that there is none", async () => {
    const azure = await open();
    const { objectId } = await register(azure);
    const { keyId } = await azure.azure.directory.addPassword(
      objectId,
      { displayName: "x", endDateTime: inAYear },
      signal,
    );
    azure.sandbox.setFaults([{ match: "removePassword", times: 2, status: 400, code: "Request_BadRequest" }]);
    await azure.azure.directory.removePassword(objectId, keyId, signal);
    const record = azure.sandbox.world.applications.find(({ id }) => id === objectId);
    expect(record?.passwords.map(({ removedAt }) => removedAt !== undefined)).toEqual([true]);
  });

  test("that was removed before, and is listed for longer than anybody waits, is told as such", async () => {
    const azure = await open({ replicas: 1, replication: "random", seed: "a" });
    const { objectId } = await register(azure);
    const { keyId } = await azure.azure.directory.addPassword(
      objectId,
      { displayName: "x", endDateTime: inAYear },
      signal,
    );
    const { world, requests } = azure.sandbox;
    world.replication.lagMs = 365 * 86_400_000;
    const record = world.applications.find(({ id }) => id === objectId);
    for (const password of record?.passwords ?? []) password.removedAt = Date.now();
    // Otherwise the replica would not know the application and its key at all.
    for (const one of [record, ...(record?.passwords ?? [])]) Object.assign(one ?? {}, { createdAt: 0 });
    const clock = new VirtualClock(requests);
    try {
      await expect(azure.azure.directory.removePassword(objectId, keyId, signal)).rejects.toMatchObject({
        code: "directory.stale-answer",
        retryable: true,
      });
    } finally {
      clock.end();
    }
  });

  test.each([
    [{ maxPasswordLifetime: "P90D", readable: true }, "directory.password-lifetime", 90 * 86_400_000],
    [{ maxPasswordLifetime: "P90D" }, "directory.password-lifetime", undefined],
    [{ passwordsForbidden: true }, "directory.passwords-forbidden", undefined],
  ])("is refused by the tenant's policy %j", async (policy, code, cap) => {
    const azure = await open({ policy });
    const { objectId } = await register(azure);
    const adding = azure.azure.directory.addPassword(
      objectId,
      { displayName: "x", endDateTime: inAYear },
      signal,
    );
    await expect(adding).rejects.toMatchObject({ code, exitCode: 3 });
    expect((await azure.azure.directory.passwordPolicy(undefined, signal)).longestLifeMs).toBe(cap);
  });
});

describe("rights, as the token says", () => {
  test.each([
    [["Application.ReadWrite.All"], "yes", "yes", "no"],
    [["Application.ReadWrite.All", "Directory.Read.All"], "yes", "yes", "yes"],
    [["Application.ReadWrite.OwnedBy"], "yes", "no", "no"],
    [["Application.ReadWrite.OwnedBy", "Directory.Read.All"], "yes", "no", "unknown"],
    [["AppRegistration.Create"], "unknown", "no", "no"],
    [["Directory.ReadWrite.All"], "no", "no", "yes"],
    [[], "no", "no", "no"],
  ])("of a principal with %j", async (graphPermissions, registers, changesAll, addsOwners) => {
    const { azure, sandbox } = await open({ caller: { graphPermissions } });
    expect(await azure.directory.mayRegisterApplications(signal)).toBe(registers);
    expect(await azure.directory.mayChangeAllApplications(signal)).toBe(changesAll);
    expect(await azure.directory.mayAddOwners(signal)).toBe(addsOwners);
    expect(await azure.directory.caller(signal)).toEqual({
      objectId: sandbox.world.caller.objectId,
      kind: "service-principal",
      name: sandbox.world.caller.appId,
      tenantId: sandbox.world.tenantId,
    });
  });

  test("lacking, a refusal names what is needed and the request", async () => {
    const { azure } = await open({ caller: { graphPermissions: [] } });
    const failure = await azure.directory.createApplication(wanted, signal).catch((error: unknown) => error);
    expect(hasCode(failure, "directory.forbidden")).toBe(true);
    expect(failure).toMatchObject({
      exitCode: 3,
      hint: expect.stringContaining("Application.ReadWrite.OwnedBy") as string,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });

  test("a tenant that wants a service management reference says so", async () => {
    const { azure } = await open({ policy: { serviceTreeRequired: true } });
    await expect(azure.directory.createApplication(wanted, signal)).rejects.toMatchObject({
      code: "directory.service-tree",
      hint: expect.stringContaining("--service-management-reference") as string,
    });
  });
});
