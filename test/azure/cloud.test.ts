import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasCode } from "../../src/domain/errors.ts";
import {
  loginServerBelongsTo,
  readMetadata,
  resolveCloud,
  usualLoginServer,
  type Cloud,
} from "../../src/azure/cloud.ts";

const nobody = () => Promise.reject(new Error("no request was expected"));

function named(name: string): Promise<Cloud> {
  return resolveCloud(name, nobody);
}

/** What the Resource Manager of a private cloud says about itself. */
function metadata(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: "Stack",
    resourceManager: "https://arm.stack.example/",
    microsoftGraphResourceId: "https://graph.stack.example/",
    authentication: {
      loginEndpoint: "https://login.stack.example/",
      audiences: ["https://management.stack.example/"],
    },
    suffixes: { acrLoginServer: "azurecr.stack.example" },
    ...changes,
  };
}

function signInWith(audience: string) {
  return { loginEndpoint: "https://login.stack.example", audiences: [audience] };
}

describe("a cloud", () => {
  test.each([
    [undefined, "AzureCloud"],
    ["azurecloud", "AzureCloud"],
    ["AzureUSGovernment", "AzureUSGovernment"],
    ["AzureChinaCloud", "AzureChinaCloud"],
    ["https://management.azure.com/", "AzureCloud"],
    ["https://management.usgovcloudapi.net", "AzureUSGovernment"],
  ])("named %s is %s, without a request", async (wanted, name) => {
    expect(await resolveCloud(wanted, nobody)).toMatchObject({ name, isWellKnown: true });
  });

  test.each(["AzureGermanCloud", "", "http://arm.stack.example", "https://user:password@arm.stack.example"])(
    "named %j is refused without a request",
    async (wanted) => {
      await expect(named(wanted)).rejects.toMatchObject({ code: "azure.unknown-cloud", exitCode: 2 });
    },
  );

  test.each([
    ["an object", metadata()],
    ["a list", [metadata({ resourceManager: "https://arm.other.example", name: "Other" }), metadata()]],
  ])("of its own is what its Resource Manager says, in %s", async (_form, document) => {
    const asked: string[] = [];
    const fetchJson = (url: string) => {
      asked.push(url);
      return Promise.resolve(document);
    };
    expect(await resolveCloud("https://arm.stack.example/", fetchJson)).toEqual({
      name: "Stack",
      authorityHost: "https://login.stack.example",
      federationAudience: "api://AzureADTokenExchange",
      resourceManager: "https://arm.stack.example",
      resourceManagerScope: "https://management.stack.example//.default",
      graph: "https://graph.stack.example",
      graphScope: "https://graph.stack.example/.default",
      registrySuffixes: [".azurecr.stack.example"],
      isWellKnown: false,
      demandsMultiFactor: false,
    });
    expect(asked).toEqual(["https://arm.stack.example/metadata/endpoints?api-version=2022-09-01"]);
  });

  test.each([
    [null],
    [[]],
    ["text"],
    [metadata({ authentication: { loginEndpoint: "http://login.stack.example", audiences: ["a"] } })],
    [metadata({ authentication: { loginEndpoint: "https://login.stack.example", audiences: [] } })],
    [metadata({ authentication: signInWith("797f4846-ba00-4fd7-ba43-dac1f8f63013") })],
    [metadata({ authentication: signInWith("https://arm.stack.example/x https://management.azure.com") })],
    [metadata({ microsoftGraphResourceId: undefined })],
    [[metadata({ resourceManager: "https://arm.other.example" })]],
  ])("is not made of %j", (document) => {
    expect(() => readMetadata("https://arm.stack.example", document)).toThrow(
      expect.objectContaining({ code: "azure.unknown-cloud" }),
    );
  });

  test.each([
    { authentication: signInWith("https://management.azure.com") },
    { authentication: signInWith("https://management.core.windows.net/") },
    { authentication: signInWith("https://MANAGEMENT.core.usgovcloudapi.net") },
    { authentication: signInWith("https://management.core.chinacloudapi.cn/") },
    { authentication: signInWith("https://vault.azure.net") },
    { authentication: { ...signInWith("https://a.example"), loginEndpoint: "https://login.windows.net/" } },
    {
      authentication: {
        ...signInWith("https://a.example"),
        loginEndpoint: "https://login.microsoftonline.com./",
      },
    },
    { microsoftGraphResourceId: "https://graph.microsoft.com" },
    { microsoftGraphResourceId: "https://microsoftgraph.chinacloudapi.cn" },
  ])("is not lent tokens of Microsoft's own clouds: %j", (changes) => {
    expect(() => readMetadata("https://arm.stack.example", metadata(changes))).toThrow(
      expect.objectContaining({ code: "azure.foreign-sign-in", exitCode: 2 }),
    );
  });

  test("may have an audience in a tenant's own domain, as Azure Stack Hub does", () => {
    const audience = "https://management.contoso.onmicrosoft.com/11111111-1111-4111-8111-111111111111";
    const cloud = readMetadata(
      "https://arm.stack.example",
      metadata({ authentication: signInWith(audience) }),
    );
    expect(cloud.resourceManagerScope).toBe(`${audience}/.default`);
  });

  test("is made of any JSON or refused, and nothing else is thrown", () => {
    const isReadOrRefused = (document: unknown) => {
      try {
        readMetadata("https://arm.stack.example", document);
        return true;
      } catch (error) {
        return hasCode(error, "azure.unknown-cloud");
      }
    };
    expect(fc.check(fc.property(fc.jsonValue(), isReadOrRefused))).toMatchObject({ failed: false });
  });
});

describe("a login server", () => {
  test.each([
    ["AzureCloud", "myregistry.azurecr.io", true],
    ["AzureCloud", "myregistry-a1b2c3.AzureCR.io", true],
    ["AzureCloud", "myregistry.azurecr.io.evil.test", false],
    ["AzureCloud", "evilazurecr.io", false],
    ["AzureCloud", ".azurecr.io", false],
    ["AzureCloud", "a.b.azurecr.io", false],
    ["AzureCloud", "user@myregistry.azurecr.io", false],
    ["AzureCloud", "evil.test/myregistry.azurecr.io", false],
    ["AzureCloud", "myregistry.azurecr.io:8443", false],
    ["AzureCloud", "myregistry.azurecr.cn", false],
    ["AzureCloud", "rеgistry.azurecr.io", false],
    ["AzureCloud", "127.0.0.1", false],
    ["AzureUSGovernment", "myregistry.azurecr.us", true],
    ["AzureChinaCloud", "myregistry.azurecr.cn", true],
  ])("of %s may be %s: %s", async (cloud, loginServer, expected) => {
    expect(loginServerBelongsTo(await named(cloud), loginServer)).toBe(expected);
  });

  test.each([
    ["AzureCloud", "MyRegistry", "myregistry.azurecr.io"],
    ["AzureUSGovernment", "myregistry", "myregistry.azurecr.us"],
    ["AzureChinaCloud", "myregistry", "myregistry.azurecr.cn"],
  ])("of %s that is called %s is usually %s", async (cloud, name, expected) => {
    expect(usualLoginServer(await named(cloud), name)).toBe(expected);
  });

  test("of another cloud is nothing to guess", () => {
    const cloud = readMetadata("https://arm.stack.example", metadata());
    expect(usualLoginServer(cloud, "myregistry")).toBeUndefined();
  });

  test.each([
    ["myregistry.azurecr.stack.example", true],
    ["MyRegistry.azurecr.stack.example:8443", true],
    ["azurecr.stack.example:5000", true],
    ["myregistry.azurecr.io", false],
    ["evilazurecr.stack.example", false],
    ["azurecr.stack.example.evil.test", false],
    ["evil.test/myregistry.azurecr.stack.example", false],
    ["user@myregistry.azurecr.stack.example", false],
  ])("of another cloud may be %s, by what that cloud says of itself: %s", (loginServer, expected) => {
    const cloud = readMetadata("https://arm.stack.example", metadata());
    expect(loginServerBelongsTo(cloud, loginServer)).toBe(expected);
  });

  test("of a cloud that does not say what its registries are called may be any host", () => {
    const cloud = readMetadata("https://arm.stack.example", metadata({ suffixes: {} }));
    expect(loginServerBelongsTo(cloud, "registry.example")).toBe(true);
    expect(loginServerBelongsTo(cloud, "registry.example/path")).toBe(false);
  });
});
