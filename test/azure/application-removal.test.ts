import { afterEach, describe, expect, test } from "vitest";
import type { Application } from "../../src/domain/identity.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function open(options: SandboxOptions = {}): Promise<SandboxedAzure> {
  opened = await sandboxedAzure({
    caller: { graphPermissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"] },
    ...options,
  });
  return opened;
}

const uniqueName = "acr-pull-0000";

async function register({ azure }: SandboxedAzure): Promise<Application> {
  const wanted = { uniqueName, displayName: "ours", tags: ["acr-pull"] };
  return (await azure.directory.createApplication(wanted, signal)).application;
}

describe("an application", () => {
  test("is deleted with its principal, for good, and is fine to be gone", async () => {
    const opened = await open();
    const { azure } = opened;
    const { objectId, appId } = await register(opened);
    await azure.directory.createServicePrincipal(appId, signal);
    expect(await azure.directory.removeApplication(objectId, signal)).toBeUndefined();
    expect(await azure.directory.readApplication(objectId, signal)).toBeUndefined();
    expect(await azure.directory.findServicePrincipal(appId, signal)).toBeUndefined();
    expect(await azure.directory.findDeletedApplication(uniqueName, signal)).toBeUndefined();
    expect(await azure.directory.removeApplication(objectId, signal)).toBeUndefined();
  });

  test("that may not be deleted for good can be restored", async () => {
    const opened = await open();
    const { azure, sandbox } = opened;
    const { objectId, appId } = await register(opened);
    sandbox.setFaults([
      { match: "DELETE .*/deletedItems/", status: 403, code: "Authorization_RequestDenied", times: 9 },
    ]);
    expect(await azure.directory.removeApplication(objectId, signal)).toEqual({
      url: `${sandbox.world.azureUrl}/v1.0/directory/deletedItems/${objectId}`,
      because: expect.objectContaining({ code: "directory.forbidden" }) as unknown,
    });
    expect((await azure.directory.findDeletedApplication(uniqueName, signal))?.appId).toBe(appId);
  });

  test("whose deletion a part of the directory has not heard of is restored all the same", async () => {
    const opened = await open();
    const { azure, sandbox } = opened;
    const { objectId } = await register(opened);
    Object.assign(sandbox.world.applications.at(-1)!, { softDeleted: true, removedAt: Date.now() });
    sandbox.setFaults([{ match: "/restore", status: 404, code: "Request_ResourceNotFound" }]);
    await azure.directory.restoreApplication(objectId, signal);
    expect(await azure.directory.readApplication(objectId, signal)).toBeDefined();
  });

  test("is found on any page of the deleted, and restored however often that is asked", async () => {
    const { azure } = await open({
      pageSize: 2,
      applications: [1, 2, 3, 4, 5].map((number) => ({
        displayName: `gone ${number}`,
        uniqueName: `gone-${number}`,
        softDeleted: true,
        owners: ["caller"],
      })),
    });
    expect(await azure.directory.findDeletedApplication("gone-6", signal)).toBeUndefined();
    const deleted = await azure.directory.findDeletedApplication("gone-5", signal);
    expect(deleted?.displayName).toBe("gone 5");
    await azure.directory.restoreApplication(deleted?.objectId ?? "", signal);
    await azure.directory.restoreApplication(deleted?.objectId ?? "", signal);
    expect(await azure.directory.findApplicationByUniqueName("gone-5", signal)).toBeDefined();
  });

  describe("that was deleted, and may not be seen there by most,", () => {
    const deleted = { displayName: "gone", uniqueName, softDeleted: true, owners: ["caller"] };
    const purged = async (graphPermissions: string[], applications = [deleted]) => {
      const { azure, sandbox } = await open({ caller: { graphPermissions }, applications });
      const [, application] = sandbox.world.applications;
      const left = await azure.directory.purgeApplication(application?.id ?? "", uniqueName, signal);
      return [left?.because.code, application?.softDeleted];
    };
    const ownedBy = "Application.ReadWrite.OwnedBy";
    const theirs = { ...deleted, uniqueName: "theirs" };

    test("is deleted for good by its id, by who sees it and by its owner alone", async () => {
      expect(await purged(["Application.ReadWrite.All"])).toEqual([undefined, false]);
      await opened?.close();
      expect(await purged([ownedBy])).toEqual([undefined, false]);
      await opened?.close();
      expect(await purged([ownedBy], [{ ...deleted, owners: [] }])).toEqual(["directory.forbidden", true]);
    });

    test("is left where it is seen to bear another name", async () => {
      expect(await purged(["Application.ReadWrite.All"], [theirs])).toEqual([undefined, true]);
    });

    test("may be gone for good already", async () => {
      for (const graphPermissions of [[ownedBy], ["Application.ReadWrite.All"]]) {
        expect(await purged(graphPermissions, [{ ...deleted, softDeleted: false }])).toEqual([
          undefined,
          false,
        ]);
        await opened?.close();
      }
    });
  });
});
