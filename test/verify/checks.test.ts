import { describe, expect, it } from "vitest";
import type { Application, ServicePrincipal } from "../../src/domain/identity.ts";
import type { RoleAssignmentMode } from "../../src/domain/registry.ts";
import { assignmentName } from "../../src/domain/role-assignment.ts";
import { SecretText } from "../../src/domain/secret-text.ts";
import { askAll, fail, pass, skip, type Check } from "../../src/verify/check.ts";
import { clusterChecks } from "../../src/verify/checks/cluster.ts";
import { credentialChecks } from "../../src/verify/checks/credential.ts";
import { pullChecks } from "../../src/verify/checks/pull.ts";
import { registryChecks } from "../../src/verify/checks/registry.ts";
import type { ClusterFacts, EntryFacts } from "../../src/verify/facts.ts";
import { known, unknown } from "../../src/verify/known.ts";
import { appId, entryFacts, held, registry, registryId } from "./entry-facts.ts";

const entryChecks = [...registryChecks, ...credentialChecks, ...pullChecks];

/** What one check says of an entry that is in order except for the given facts. */
function look(id: string, more: Partial<EntryFacts> = {}) {
  const check = entryChecks.find((one) => one.id === id);
  if (!check) throw new TypeError(id);
  return check.look(entryFacts(more));
}

const names = { appId, displayName: "app", passwords: [] };
const someApplication: Application = { ...names, objectId: "o", uniqueName: undefined, tags: [] };
const somePrincipal: ServicePrincipal = { ...names, objectId: "p", enabled: true };
const refused = { kind: "refused", reason: "unauthorized" } as const;
const refusedAtEntra = (number: number) =>
  known({ kind: "refused", reason: `AADSTS${number}`, expired: false, number } as const);
const key = { keyId: "k", displayName: undefined, startDateTime: undefined, endDateTime: undefined };

describe("a password that is refused", () => {
  it("and that Entra alone calls expired may be too new", () => {
    const endDateTime = new Date("2027-06-01T00:00:00Z");
    const application = known({ ...someApplication, passwords: [{ ...key, endDateTime, hint: "abc" }] });
    const facts = { application, pull: refused, signIn: refusedAtEntra(7_000_222) };
    expect(look("expiry", facts)).toMatchObject({
      status: "pass",
      message: expect.stringContaining("365 days"),
    });
    expect(look("sign-in", facts)).toMatchObject({
      status: "fail",
      message: "Entra says that the password has expired.",
      fix: expect.stringContaining("run verify again"),
    });
  });

  it.each([
    ["xyz", /^No key of the application begins like this password: /],
    ["abc", /^The password is wrong: /],
  ])("where a key of the application begins with %s", (hint, message) => {
    const application = known({ ...someApplication, passwords: [{ ...key, hint }] });
    const facts = { application, principal: known(somePrincipal), pull: refused };
    expect(look("sign-in", { ...facts, signIn: refusedAtEntra(7_000_215) })).toMatchObject({
      status: "fail",
      message: expect.stringMatching(message),
      fix: expect.stringContaining("run verify again"),
    });
  });
});

describe("a service principal", () => {
  it("that the directory does not know may be too new", () => {
    const facts = { pull: refused, signIn: refusedAtEntra(700_016), principal: known(undefined) };
    expect(look("principal", facts)).toMatchObject({
      status: "fail",
      message: expect.stringMatching(/was deleted, belongs to another tenant, or is too new/),
      fix: expect.stringContaining("run verify again"),
    });
  });

  it("that was disabled just now is warned of while the registry still lets it in", () => {
    expect(look("principal", { principal: known({ ...somePrincipal, enabled: false }) })).toMatchObject({
      status: "warn",
      fix: expect.stringContaining("accountEnabled=true"),
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
    expect(results.map(({ id, status, because }) => [id, status, because])).toEqual([
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

  it("regards the failures of the round before", () => {
    const before = [{ id: "a", ...fail("Broken.") }];
    const [result] = askAll([check("b", ["a"], pass("Never asked."))], undefined, before);
    expect(result).toMatchObject({ status: "skip", because: "a" });
  });

  it("puts on one line what somebody else named over several", () => {
    const [result] = askAll([check("a", [], fail("It is for a\nb.", "Ask a\nb."))], undefined);
    expect(result).toMatchObject({ message: "It is for a b.", fix: "Ask a b." });
  });
});

describe("a cluster of AKS", () => {
  const cluster = {
    id: "/managedClusters/shop",
    name: "shop",
    resourceGroup: "g",
    subscriptionId: "s",
    tenantId: "t",
    apiHosts: ["c.azmk8s.io"],
    pullsByServiceAccount: false,
    kubeletIdentity: { objectId: "o", clientId: "c", resourceId: "/identities/shop-agentpool" },
  };
  const look = (apiHost: string, more: Partial<ClusterFacts> = {}) =>
    clusterChecks[0]?.look({
      context: "blue",
      apiHost,
      nodes: known(undefined),
      wanted: { text: "contoso" },
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
  const acrPull = held(["Microsoft.ContainerRegistry/registries/pull/read"], { name: "AcrPull" });

  it.each([
    "c-dns-1a2b3c.hcp.westeurope.azmk8s.io",
    "C-DNS.HCP.usgovvirginia.cx.aks.containerservice.azure.us",
    "c-dns.hcp.chinaeast2.cx.prod.service.azk8s.cn",
  ])("is known by its API server %s, and told how to pull without a secret", (apiHost) => {
    expect(look(apiHost)).toMatchObject({
      status: "pass",
      fix: "Grant the nodes the role that allows pulls: acr-pull setup --registry contoso --attach --context blue",
    });
  });

  it("is not known to be able to where Azure cannot be asked", () => {
    expect(look("c.azmk8s.io", { nodes: unknown("Nobody is signed in.") })?.message).toContain(
      "not known: Nobody is signed in.",
    );
  });

  it("pulls by the identity of its nodes where that holds the role of the registry's mode", () => {
    const verdict = holding([acrPull], "LegacyRegistryPermissions");
    expect(verdict).toMatchObject({
      status: "pass",
      message: expect.stringContaining("which holds AcrPull"),
    });
    expect(verdict?.fix).toBeUndefined();
  });

  it("does not pull by what az aks update --attach-acr grants on a registry in ABAC mode", () => {
    expect(holding([acrPull], "AbacRepositoryPermissions")).toMatchObject({
      status: "warn",
      message: expect.stringContaining("holds AcrPull on contoso, which does not allow pulls there"),
      fix: expect.stringContaining("--attach"),
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
    expect(look("host", { key, host: key })).toMatchObject({
      status: "pass",
      message: expect.stringContaining("a regional endpoint of contoso.azurecr.io"),
    });
  });

  it("of another cloud is told with both clouds' names", () => {
    const key = "contoso.azurecr.us";
    expect(look("host", { key, host: key, pull: undefined })).toMatchObject({
      status: "fail",
      message: expect.stringContaining("the first is in AzureUSGovernment, the second in AzureCloud"),
    });
  });

  it("that pulls is not argued with", () => {
    const key = "contoso.azurecr.us";
    expect(look("host", { key, host: key })?.status).toBe("pass");
  });

  it("is mended where it comes from when a controller writes the secret", () => {
    expect(look("host", { key: "CONTOSO.azurecr.io", writtenBy: "Argo CD" })).toMatchObject({
      status: "fail",
      fix: expect.stringMatching(/^Argo CD writes this secret/),
    });
  });
});

describe("roles", () => {
  const pullAction = "Microsoft.ContainerRegistry/registries/pull/read";
  const pushAction = "Microsoft.ContainerRegistry/registries/push/write";

  it.each([
    ["a role of one's own that pulls", held([pullAction]), "pass"],
    ["a wildcard", held(["Microsoft.ContainerRegistry/registries/*"]), "pass"],
    ["what another list takes away again", held(["*"], { notActions: ["*/pull/read"] }), "fail"],
    ["rights on the resource alone", held(["Microsoft.ContainerRegistry/registries/read"]), "fail"],
    ["a role that is gone", { ...held([]), role: undefined }, "fail"],
  ])("%s: %s", (_name, role, status) => {
    expect(look("role", { roles: known([role]), pull: refused })?.status).toBe(status);
  });

  it("that Azure shows none of are no failure where pulls work, as of one that was taken away just now", () => {
    expect(look("role", { roles: known([]) })).toMatchObject({
      status: "warn",
      message: expect.stringContaining("was just removed"),
      fix: expect.stringContaining("acr-pull setup"),
    });
  });

  it("are too wide when they push, delete or grant, and acr-pull did not make them", () => {
    for (const action of ["push/write", "artifacts/delete", "write"]) {
      const roles = known([held([pullAction, `Microsoft.ContainerRegistry/registries/${action}`])]);
      expect(look("role-width", { roles })?.status, action).toBe("warn");
    }
    const pushing = held([pullAction, pushAction]);
    const name = assignmentName(registryId, "p", "custom");
    const roles = known([{ ...pushing, assignment: { ...pushing.assignment, name } }]);
    expect(look("role-width", { roles })?.status).toBe("pass");
    expect(look("role-width")?.status).toBe("pass");
  });
});

describe("a token of the registry in place of a principal", () => {
  const credential = { username: "my-token", password: new SecretText("the-token's-password") };

  it("is nothing that Entra could tell of", () => {
    const told = ["principal", "expiry", "role", "sign-in"].map((id) => look(id, { credential })?.status);
    expect(told).toEqual(["skip", undefined, undefined, "pass"]);
  });

  it("that is refused is looked for where tokens are", () => {
    expect(look("sign-in", { credential, pull: refused })).toMatchObject({
      status: "fail",
      fix: expect.stringContaining("az acr token"),
    });
  });
});

describe("an image for the nodes", () => {
  const node = (os: string, architecture: string) => ({ name: "n", os, architecture });
  const image = { repository: "app", tag: "v1" };

  it.each([
    [["linux/amd64", "linux/arm64"], [node("linux", "arm64")], "pass"],
    [["linux/amd64"], [node("linux", "amd64"), node("linux", "amd64")], "pass"],
    [["linux/amd64"], [node("linux", "amd64"), node("windows", "amd64")], "fail"],
  ])("that is there for %j, where nodes are %j: %s", (platforms, nodes, status) => {
    const facts = { image, imageIsNamed: true, platforms: known(platforms), nodes: known(nodes) };
    expect(look("image", facts)?.status).toBe(status);
  });

  it("is not judged where the nodes may not be seen", () => {
    const nodes = unknown("You may not list nodes.", "Grant it.");
    expect(look("image", { image, imageIsNamed: true, nodes })).toMatchObject({
      status: "pass",
      message: expect.stringContaining("You may not list nodes."),
      fix: "Grant it.",
    });
  });
});
