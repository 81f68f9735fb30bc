import { describe, expect, it } from "vitest";
import { askAll, fail, known, pass, skip, unknown, type Check } from "../../../src/core/checks/check.ts";
import { aks } from "../../../src/core/checks/cluster/aks.ts";
import { expiry } from "../../../src/core/checks/credential/expiry.ts";
import { password } from "../../../src/core/checks/credential/password.ts";
import { principal } from "../../../src/core/checks/credential/principal.ts";
import { roleAssignment } from "../../../src/core/checks/credential/role-assignment.ts";
import { roleMode } from "../../../src/core/checks/credential/role-mode.ts";
import { roleWidth } from "../../../src/core/checks/credential/role-width.ts";
import { signIn } from "../../../src/core/checks/credential/sign-in.ts";
import type { ClusterFacts, EntryFacts } from "../../../src/core/checks/facts.ts";
import type { Application, ServicePrincipal } from "../../../src/domain/identity.ts";
import type { RoleAssignmentMode } from "../../../src/domain/registry.ts";
import { host } from "../../../src/core/checks/registry/host.ts";
import { imagePlatform } from "../../../src/core/checks/registry/image-platform.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";
import { appId, entryFacts, held, registry } from "./entry-facts.ts";

describe("a password that Entra calls expired, and that ends in a year as far as anybody else knows", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const facts = entryFacts({
    now,
    pull: { kind: "refused", reason: "unauthorized" },
    signIn: known({ kind: "refused", reason: "AADSTS7000222", expired: true, number: 7_000_222 }),
    mark: { registry: "r", clusterId: "c", appId, keyId: "k", expiresAt: "2027-06-01T00:00:00Z" },
  });

  it("has not ended", () => {
    expect(expiry.look(facts)).toMatchObject({
      status: "pass",
      message: expect.stringContaining("365 days"),
    });
  });

  it("may be too new, and is looked at again before another is made", () => {
    expect(password.look(facts)).toMatchObject({
      status: "fail",
      message: "Only Entra says that the password has expired.",
      hint: expect.stringContaining("run verify again"),
    });
  });
});

const names = { appId, displayName: "app", passwords: [] };
const someApplication: Application = { ...names, objectId: "o", uniqueName: undefined, tags: [] };
const somePrincipal: ServicePrincipal = { ...names, objectId: "p", enabled: true };

describe("a key that the directory does not list", () => {
  const mark = { registry: "r", clusterId: "c", appId, keyId: "made-key", expiresAt: null };
  const other = {
    keyId: "other-key",
    displayName: undefined,
    startDateTime: undefined,
    endDateTime: undefined,
  };
  const unlisted = (hint: string, more: Partial<EntryFacts>) =>
    password.look(
      entryFacts({
        pull: { kind: "refused", reason: "unauthorized" },
        signIn: known({ kind: "refused", reason: "AADSTS7000215", expired: false, number: 7_000_215 }),
        application: known({ ...someApplication, passwords: [{ ...other, hint }] }),
        principal: known(somePrincipal),
        ...more,
      }),
    );

  it.each<[string, boolean, RegExp]>([
    ["was removed", false, /^The key made-key that the secret holds was removed from the application\.$/],
    [
      "was removed or is too new, if the secret was written minutes ago",
      true,
      /^The directory does not list the key made-key that the secret holds: it was removed, or is too new to be known everywhere\.$/,
    ],
  ])("%s", (_, mayBeYoung, message) => {
    expect(unlisted("xyz", { mark, mayBeYoung })).toMatchObject({
      status: "fail",
      message: expect.stringMatching(message),
      hint: expect.stringContaining("run verify again"),
    });
  });

  it.each<[string, boolean, RegExp]>([
    ["was removed", false, /: it was removed, or belongs to another application\.$/],
    [
      "was removed or is too new, if the secret was written minutes ago",
      true,
      /: it was removed, belongs to another application, or is too new to be known everywhere\.$/,
    ],
  ])("%s, also where no mark names it", (_, mayBeYoung, message) => {
    expect(unlisted("xyz", { mayBeYoung })).toMatchObject({
      status: "fail",
      message: expect.stringMatching(message),
    });
  });

  it("is not called wrong if the secret was written minutes ago and some key begins like it", () => {
    const refused = (mayBeYoung: boolean) => unlisted("abc", { mayBeYoung })?.message;
    expect([refused(false), refused(true)]).toEqual([
      "The password is wrong: Entra knows the application, but refuses this password.",
      "Entra knows the application, but refuses this password: it is wrong, or too new to be known everywhere.",
    ]);
  });
});

describe("a principal that the directory does not know", () => {
  const unknownTo = (mayBeYoung: boolean) =>
    principal.look(
      entryFacts({
        pull: { kind: "refused", reason: "unauthorized" },
        signIn: known({ kind: "refused", reason: "AADSTS700016", expired: false, number: 700_016 }),
        principal: known(undefined),
        mayBeYoung,
      }),
    );

  it("was deleted, or belongs to another tenant", () => {
    expect(unknownTo(false)).toMatchObject({
      status: "fail",
      message: `The directory has no service principal ${appId}: it was deleted, or belongs to another tenant.`,
      hint: expect.not.stringContaining("verify again"),
    });
  });

  it("may be too new if the secret was written minutes ago, and is looked at again before it is made anew", () => {
    expect(unknownTo(true)).toMatchObject({
      status: "fail",
      message: `The directory has no service principal ${appId}: it was deleted, belongs to another tenant, or is too new to be known everywhere.`,
      hint: expect.stringMatching(/^What was made minutes ago .* run verify again\. Otherwise recreate it /),
    });
  });
});

describe("a round of checks", () => {
  const check = (id: string, needs: string[], verdict: ReturnType<typeof pass>): Check<undefined> => ({
    id,
    needs,
    look: () => verdict,
  });

  it("names the first cause to whatever hangs on it, near and far, and asks all else", () => {
    const results = askAll(
      [
        check("a", [], fail("Broken.")),
        check("b", ["a"], pass("Never asked.")),
        check("c", ["b"], fail("Never asked.")),
        check("d", [], pass("Asked.")),
      ],
      undefined,
    );
    expect(results.map(({ id, status, ids }) => [id, status, ids?.["because"]])).toEqual([
      ["a", "fail", undefined],
      ["b", "skip", "a"],
      ["c", "skip", "a"],
      ["d", "pass", undefined],
    ]);
  });

  it("takes what could not be found out for no failure", () => {
    const results = askAll([check("a", [], skip("Unseen.")), check("b", ["a"], pass("Fine."))], undefined);
    expect(results.map(({ status }) => status)).toEqual(["skip", "pass"]);
  });

  it("heeds the failures of the round before", () => {
    const [result] = askAll([check("b", ["a"], pass("Never asked."))], undefined, [
      { id: "a", ...fail("Broken.") },
    ]);
    expect(result).toMatchObject({ status: "skip", ids: { because: "a" } });
  });
});

describe("a cluster of AKS", () => {
  const identity = { objectId: "o", clientId: "c", resourceId: "/identities/shop-agentpool" };
  const cluster = {
    id: "/managedClusters/shop",
    name: "shop",
    resourceGroup: "g",
    subscriptionId: "s",
    tenantId: "t",
    apiHosts: ["c.azmk8s.io"],
    pullsByServiceAccount: false,
    kubeletIdentity: identity,
  };
  const look = (apiHost: string, more: Partial<ClusterFacts> = {}) =>
    aks.look({
      context: "blue",
      apiHost,
      registry: registry(),
      nodes: known(undefined),
      suggest: entryFacts().suggest,
      ...more,
    });
  const holding = (roles: ReturnType<typeof held>[], mode: RoleAssignmentMode) =>
    look("c.azmk8s.io", {
      nodes: known({
        cluster,
        registries: [{ registry: registry({ roleAssignmentMode: mode }), roles: known(roles) }],
      }),
    });
  const pull = ["Microsoft.ContainerRegistry/registries/pull/read"];

  it.each([
    "c-dns-1a2b3c.hcp.westeurope.azmk8s.io",
    "C-DNS.HCP.usgovvirginia.cx.aks.containerservice.azure.us",
    "c-dns.hcp.chinaeast2.cx.prod.service.azk8s.cn",
  ])("is known by its API server %s, and told how to pull without a secret", (apiHost) => {
    expect(look(apiHost)).toMatchObject({
      status: "pass",
      hint: "Grant the nodes the role that allows pulls: acr-pull setup --registry contoso --attach --context blue",
    });
  });

  it("is not known to be able to where Azure cannot be asked", () => {
    expect(look("c.azmk8s.io", { nodes: unknown("Nobody is signed in.") })?.message).toContain(
      "not known: Nobody is signed in.",
    );
  });

  it("pulls by the identity of its nodes where that holds the role of the registry's mode", () => {
    const verdict = holding([held(pull, { name: "AcrPull" })], "LegacyRegistryPermissions");
    expect(verdict).toMatchObject({
      status: "pass",
      message: expect.stringContaining("which holds AcrPull"),
    });
    expect(verdict?.hint).toBeUndefined();
  });

  it("does not pull by what az aks update --attach-acr grants on a registry in ABAC mode", () => {
    expect(holding([held(pull, { name: "AcrPull" })], "AbacRepositoryPermissions")).toMatchObject({
      status: "warn",
      message: expect.stringContaining("holds AcrPull on contoso, which does not allow pulls there"),
      hint: expect.stringContaining("--attach"),
    });
  });

  it("needs a pull secret where its nodes sign in as a service principal", () => {
    const nodes = known({ cluster: { ...cluster, kubeletIdentity: undefined }, registries: [] });
    expect(look("c.azmk8s.io", { nodes })?.message).toContain("pods need a pull secret");
  });

  it.each(["localhost", "kind.example", "azmk8s.io.evil.example"])("is not %s", (apiHost) => {
    expect(look(apiHost)).toBeUndefined();
  });
});

describe("the host of an entry", () => {
  it("may be a regional endpoint of the registry", () => {
    const key = "contoso.westeurope.geo.azurecr.io";
    expect(host.look(entryFacts({ key, host: key }))).toMatchObject({
      status: "pass",
      message: expect.stringContaining("a regional endpoint of contoso.azurecr.io"),
    });
  });

  it("of another cloud is told with both clouds' names", () => {
    const key = "contoso.azurecr.us";
    expect(host.look(entryFacts({ key, host: key, pull: undefined }))).toMatchObject({
      status: "fail",
      message: expect.stringContaining("the first is in AzureUSGovernment, the second in AzureCloud"),
    });
  });

  it("that pulls is not argued with", () => {
    const key = "contoso.azurecr.us";
    expect(host.look(entryFacts({ key, host: key }))?.status).toBe("pass");
  });

  it("is mended where it comes from when a controller writes the secret", () => {
    const key = "CONTOSO.azurecr.io";
    expect(host.look(entryFacts({ key, writtenBy: "Argo CD" }))).toMatchObject({
      status: "fail",
      hint: expect.stringMatching(/^Argo CD writes this secret/),
    });
  });
});

describe("roles", () => {
  const pullAction = "Microsoft.ContainerRegistry/registries/pull/read";
  const refused = { kind: "refused", reason: "authentication required" } as const;

  it.each([
    ["a role of one's own that pulls", held([pullAction]), "pass"],
    ["a wildcard", held(["Microsoft.ContainerRegistry/registries/*"]), "pass"],
    ["what another list takes away again", held(["*"], { notActions: ["*/pull/read"] }), "fail"],
    ["rights on the resource alone", held(["Microsoft.ContainerRegistry/registries/read"]), "fail"],
  ])("%s: %s", (_name, role, status) => {
    expect(roleMode.look(entryFacts({ roles: known([role]), pull: refused }))?.status).toBe(status);
  });

  it("that Azure shows none of are no failure where pulls work, as of one that was taken away just now", () => {
    const facts = entryFacts({ roles: known([]) });
    expect(roleAssignment.look(facts)).toMatchObject({
      status: "warn",
      message: expect.stringContaining("was just removed"),
      hint: expect.stringContaining("acr-pull setup"),
    });
    expect(roleMode.look(facts)).toBeUndefined();
  });

  it("of a role that is gone give nothing", () => {
    const gone = { ...held([]), role: undefined };
    expect(roleMode.look(entryFacts({ roles: known([gone]), pull: refused }))?.status).toBe("fail");
  });

  it("are wider than asked for when they push, delete or grant", () => {
    for (const action of ["push/write", "artifacts/delete", "write"]) {
      const roles = known([held([pullAction, `Microsoft.ContainerRegistry/registries/${action}`])]);
      expect(roleWidth.look(entryFacts({ roles }))?.status, action).toBe("warn");
    }
    expect(roleWidth.look(entryFacts())?.status).toBe("pass");
  });

  it("are as wide as asked for where pushing was", () => {
    const roles = known([held([pullAction, "Microsoft.ContainerRegistry/registries/push/write"])]);
    const mark = { registry: registry().id, clusterId: "c", appId, role: "acrpush" as const };
    expect(roleWidth.look(entryFacts({ roles, mark }))?.status).toBe("pass");
  });
});

describe("a principal that was disabled just now", () => {
  it("is warned of while the registry still lets it in", () => {
    const there = known({
      objectId: "o",
      appId,
      displayName: "d",
      passwords: [],
      certificates: 0,
      enabled: false,
    });
    expect(principal.look(entryFacts({ principal: there }))).toMatchObject({
      status: "warn",
      hint: expect.stringContaining("accountEnabled=true"),
    });
  });
});

describe("a token of the registry in place of a principal", () => {
  const credential = { username: "my-token", password: new SecretText("the-token's-password") };

  it("is nothing that Entra could tell of", () => {
    const facts = entryFacts({ credential });
    for (const check of [principal, password, roleAssignment]) {
      expect(check.look(facts)?.status, check.id).toBe("skip");
    }
    expect(signIn.look(facts)?.status).toBe("pass");
  });

  it("that is refused is looked for where tokens are", () => {
    const facts = entryFacts({ credential, pull: { kind: "refused", reason: "no" } });
    expect(signIn.look(facts)).toMatchObject({
      status: "fail",
      hint: expect.stringContaining("az acr token"),
    });
  });
});

describe("an image for the nodes", () => {
  const node = (os: string, architecture: string) => ({ name: "n", os, architecture });
  const look = (platforms: readonly string[], ...nodes: ReturnType<typeof node>[]) =>
    imagePlatform.look(
      entryFacts({
        image: { repository: "app", tag: "v1" },
        imageIsNamed: true,
        platforms: known(platforms),
        nodes: known(nodes),
      }),
    );

  it.each([
    [["linux/amd64", "linux/arm64"], [node("linux", "arm64")], "pass"],
    [["linux/amd64"], [node("linux", "amd64"), node("linux", "amd64")], "pass"],
    [["linux/amd64"], [node("linux", "amd64"), node("windows", "amd64")], "fail"],
    [["linux/amd64"], [], "skip"],
  ])("that is there for %j, where nodes are %j: %s", (platforms, nodes, status) => {
    expect(look(platforms, ...nodes)?.status).toBe(status);
  });

  it("is not judged where the nodes may not be seen", () => {
    const facts = entryFacts({
      image: { repository: "app", tag: "v1" },
      imageIsNamed: true,
      nodes: unknown("You may not list nodes."),
    });
    expect(imagePlatform.look(facts)).toMatchObject({ status: "skip", message: "You may not list nodes." });
  });
});
