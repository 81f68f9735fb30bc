import { describe, expect, it } from "vitest";
import type { ApplicationWish } from "../../../src/core/identity/application.ts";
import { ensureApplication } from "../../../src/core/identity/ensure-application.ts";

type Parameters_ = Parameters<typeof ensureApplication>;

const application = {
  objectId: "object",
  appId: "11111111-1111-4111-8111-111111111111",
  displayName: "acr-pull-myregistry",
  uniqueName: "acr-pull-hash",
  tags: [],
  passwords: [],
  certificates: 0,
};
const create = {
  uniqueName: application.uniqueName,
  displayName: application.displayName,
  tags: [],
  serviceManagementReference: undefined,
};

describe("an application that was taken for gone and turns up when it is to be made", () => {
  it("stops the run when it is the one that the cluster names: its keys were left out of the decision", async () => {
    const directory = { createApplication: async () => ({ application, created: false }) };
    const wish: Pick<ApplicationWish, "expectedAppId"> = { expectedAppId: application.appId };
    const ensured = ensureApplication(
      { kind: "absent", create, missingOwners: [] },
      wish as ApplicationWish,
      { directory } as unknown as Parameters_[2],
      new AbortController().signal,
    );
    await expect(ensured).rejects.toMatchObject({ code: "directory.stale-answer", retryable: true });
  });
});
