import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  displayName,
  imageReference,
  labelSelector,
  loginServerName,
  namespaceName,
  objectName,
  registryReference,
  repositoryPattern,
} from "../../src/domain/names.ts";

/** The name of the error that a function throws. */
function failureOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof Error ? error.constructor.name : typeof error;
  }
}

const id =
  "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry";

describe("a registry", () => {
  it.each([
    ["myregistry", { kind: "name", name: "myregistry" }],
    ["MyRegistry.azurecr.io", { kind: "login-server", loginServer: "myregistry.azurecr.io" }],
    ["my-hash123.azurecr.io", { kind: "login-server", loginServer: "my-hash123.azurecr.io" }],
    ["localhost:5001", { kind: "login-server", loginServer: "localhost:5001" }],
    [
      id,
      {
        kind: "resource-id",
        id,
        subscriptionId: "11111111-1111-1111-1111-111111111111",
        resourceGroup: "g",
        name: "myregistry",
      },
    ],
  ])("can be named as %s", (text, reference) => {
    expect(registryReference(text)).toEqual(reference);
  });

  it.each([
    "",
    "abcd",
    "my-registry",
    "my registry",
    "https://myregistry.azurecr.io",
    "myregistry.azurecr.io/app",
    "user@myregistry.azurecr.io",
    "10.0.0.1",
    "-a.azurecr.io",
    "a..b",
    "host:0",
    "host:70000",
    "/subscriptions/x",
    "мyregistry.azurecr.io",
    // A regional endpoint; the message names the login server.
    "myregistry.westeurope.geo.azurecr.io",
    "a".repeat(51),
  ])("cannot be named as %j", (text) => {
    expect(() => registryReference(text)).toThrow(RangeError);
  });
});

it("of a registry that is a regional endpoint is refused with the login server to name", () => {
  expect(() => registryReference("MyRegistry-a1.westeurope.geo.azurecr.io")).toThrow(
    "is a regional endpoint of myregistry-a1.azurecr.io; name that instead, also in images: the pull secret is for that host alone",
  );
});

describe("names", () => {
  it.each([
    [
      "a namespace",
      namespaceName,
      ["default", "a", "a".repeat(63)],
      ["A", "-a", "a-", "a.b", "", "a".repeat(64), "a_b"],
    ],
    ["a secret", objectName, ["acr-secret", "a.b-c"], ["A", ".a", "a..b", "", "a".repeat(254)]],
    [
      "a repository",
      repositoryPattern,
      ["app", "team/app", "team/*", "a__b/c.d"],
      ["*", "team*", "Team/app", "/app", "a'b", "team/**"],
    ],
    [
      "a selector of labels",
      labelSelector,
      [
        "team=web",
        "team==web",
        "team!=web",
        "team=",
        "team",
        "!team",
        "tier in (a, b)",
        "tier notin (a)",
        "a.example/team = web , !b,tier in (x,y),c",
        "in",
      ],
      [
        "",
        ",",
        "a,",
        "a in (b",
        "a in b",
        "a in ()",
        "a=b)",
        "a=b c",
        "-a=b",
        "a=-b",
        "A.example/a",
        "/a",
        "a/",
        "a/b/c",
        "=b",
        "a=b=c",
        "!a=b",
        "a!",
        "a".repeat(64),
        `a=${"b".repeat(64)}`,
      ],
    ],
    [
      "a display name",
      displayName,
      ["My app"],
      ["", "a\u0007b", "a\nb", "a\u202eb", "a\u200bb", "x".repeat(121)],
    ],
  ] as const)("%s follows the service's rule", (_what, parse, good, bad) => {
    for (const text of good) expect(parse(text)).toBe(text);
    for (const text of bad) expect(() => parse(text), text).toThrow(RangeError);
  });

  it("an image has a repository and a tag, latest when it has none", () => {
    expect(imageReference("team/app:v1")).toEqual({ repository: "team/app", tag: "v1" });
    expect(imageReference("app")).toEqual({ repository: "app", tag: "latest" });
    const digest = `sha256:${"a".repeat(64)}`;
    expect(imageReference(`app@${digest}`)).toEqual({ repository: "app", tag: digest });
    expect(imageReference(`app:v1@${digest}`)).toEqual({ repository: "app", tag: digest });
    for (const text of ["myregistry.azurecr.io:5000/App:v1", "app@v1", `app@${digest}@${digest}`, "@"]) {
      expect(() => imageReference(text), text).toThrow(RangeError);
    }
  });

  it("throw nothing but RangeError, whatever the text", () => {
    for (const parse of [
      registryReference,
      loginServerName,
      namespaceName,
      objectName,
      repositoryPattern,
      imageReference,
      labelSelector,
      displayName,
    ]) {
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), (text) => {
          expect(failureOf(() => parse(text))).toBeOneOf(["none", "RangeError"]);
        }),
      );
    }
  });
});
