import { afterEach, describe, expect, test } from "vitest";
import { SecretText } from "../../src/domain/secret-text.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";
import { shortPauses } from "../short-pauses.ts";

shortPauses();

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

const good = new SecretText("abc8Q~good");
const old = new SecretText("old8Q~expired");

async function open(options: SandboxOptions = {}) {
  opened = await sandboxedAzure({
    applications: [
      {
        displayName: "puller",
        passwords: [
          { secretText: good.reveal() },
          {
            secretText: old.reveal(),
            endDateTime: "2020-01-01T00:00:00Z",
            startDateTime: "2019-01-01T00:00:00Z",
          },
        ],
      },
    ],
    ...options,
  });
  const appId = opened.sandbox.world.applications.find((one) => one.displayName === "puller")?.appId ?? "";
  return { ...opened, appId };
}

describe("signing in with a password at hand", () => {
  test("is accepted in one request, the caller's own sign-in apart", async () => {
    const { azure, appId, lines } = await open();
    expect(await azure.signIn.signIn(appId, good, signal)).toEqual({ kind: "accepted" });
    const before = lines().length;
    expect(await azure.signIn.signIn(appId, good, signal)).toEqual({ kind: "accepted" });
    expect(lines()).toHaveLength(before + 1);
  });

  test("is refused for a wrong password each time anew, and the reason holds none of it", async () => {
    const { azure, appId, lines } = await open();
    const wrong = new SecretText("wrong8Q~wrong");
    const outcome = await azure.signIn.signIn(appId, wrong, signal);
    expect(outcome).toEqual({
      kind: "refused",
      reason: expect.stringMatching(/^AADSTS7000215: Invalid client secret provided\.$/) as string,
      expired: false,
      at: expect.any(Date) as Date,
      number: 7_000_215,
    });
    const before = lines().length;
    await azure.signIn.signIn(appId, wrong, signal);
    expect(lines()).toHaveLength(before + 1);
  });

  test("is refused for an expired password, and says so", async () => {
    const { azure, appId } = await open();
    expect(await azure.signIn.signIn(appId, old, signal)).toMatchObject({ kind: "refused", expired: true });
  });

  test("is refused for an application that is not there", async () => {
    const { azure } = await open();
    const outcome = await azure.signIn.signIn("11111111-1111-4111-8111-111111111111", good, signal);
    expect(outcome).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("AADSTS700016") as string,
    });
  });

  test.each([{ status: 429, retryAfter: 0 }, { status: 500 }, { action: "reset" } as const])(
    "is tried again after %j",
    async (fault) => {
      const { azure, sandbox, appId } = await open();
      await azure.signIn.signIn(appId, good, signal);
      sandbox.setFaults([{ match: "oauth2/v2.0/token", ...fault }]);
      expect(await azure.signIn.signIn(appId, good, signal)).toEqual({ kind: "accepted" });
    },
  );

  test("falls back to Resource Manager's audience in a tenant that does not know the registries'", async () => {
    const { azure, sandbox, appId, lines } = await open();
    await azure.signIn.signIn(appId, good, signal);
    sandbox.setFaults([{ match: "oauth2/v2.0/token", status: 400, code: "500011" }]);
    const before = lines().length;
    expect(await azure.signIn.signIn(appId, good, signal)).toEqual({ kind: "accepted" });
    expect(lines()).toHaveLength(before + 2);
  });

  test("under Conditional Access is an error that waiting does not fix", async () => {
    const { azure, sandbox, appId } = await open();
    await azure.signIn.signIn(appId, good, signal);
    sandbox.world.policy.conditionalAccessBlocks = true;
    await expect(azure.signIn.signIn(appId, good, signal)).rejects.toMatchObject({
      code: "azure.conditional-access",
      exitCode: 3,
    });
  });
});
