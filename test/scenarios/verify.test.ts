import { describe, it } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { addSecret } from "./rotation.ts";
import {
  addWaitingPod,
  checksOf,
  entry,
  idsOf,
  limitTo,
  linkAccount,
  madeByHand,
  putContent,
  regrant,
  rightEntry,
  setUpWorld,
  theSecret,
  verify,
  type SetUpWorld,
} from "./verification.ts";
import type { SetUpWish } from "./already-set-up.ts";

/** One problem, and the only check that may fail because of it. */
interface Breakage {
  readonly what: string;
  readonly options?: SandboxOptions;
  readonly wish?: SetUpWish;
  readonly breakIt?: (world: SetUpWorld) => void;
  readonly args?: (world: SetUpWorld) => readonly string[];
  readonly fails: string;
  readonly message: RegExp;
  readonly fix: RegExp;
}

const hourMs = 3_600_000;

const breakages: readonly Breakage[] = [
  {
    what: "there is no secret",
    args: () => ["-n", "awesomeapps", "--secret-name", "other"],
    fails: "secret-present",
    message: /no secret other in namespace awesomeapps/,
    fix: /acr-pull setup --registry \S+ --namespace awesomeapps --context sandbox --secret-name other/,
  },
  {
    what: "the secret is in another namespace",
    args: () => ["-n", "default"],
    fails: "secret-present",
    message: /there is one in awesomeapps/,
    fix: /acr-pull setup --registry \S+ --namespace default/,
  },
  {
    what: "there is no secret, and the API server does not say where else one is",
    options: { faults: [{ match: "GET /api/v1/secrets", times: 50, status: 500, code: "InternalError" }] },
    args: () => ["-n", "default"],
    fails: "secret-present",
    message: /no secret acr-secret in namespace default\.$/,
    fix: /acr-pull setup --registry \S+ --namespace default/,
  },
  {
    what: "a namespace that its labels chose has a pod that names the secret, and no secret",
    breakIt: (world) => {
      addWaitingPod(world, { waiting: null });
      const { objects } = world.sandbox.world.clusters[0]!;
      objects["secrets"] = (objects["secrets"] ?? []).filter((one) => one !== theSecret(world));
    },
    args: () => ["--namespace-selector", "kubernetes.io/metadata.name"],
    fails: "secret-present",
    message: /no secret acr-secret in namespace awesomeapps/,
    fix: /acr-pull setup --registry \S+ --namespace awesomeapps/,
  },
  {
    what: "the namespace does not exist",
    args: () => ["-n", "nowhere", "--secret-name", "regcred"],
    fails: "secret-present",
    message: /no namespace nowhere/,
    fix: /--create-namespace/,
  },
  {
    what: "the secret has another type",
    breakIt: (world) => {
      theSecret(world)["type"] = "Opaque";
    },
    fails: "secret-type",
    message: /type Opaque/,
    fix: /delete secret acr-secret --namespace awesomeapps/,
  },
  {
    what: "the secret has another type, and the kubeconfig was named by a flag",
    breakIt: (world) => {
      theSecret(world)["type"] = "Opaque";
    },
    args: ({ sandbox }) => ["--kubeconfig", sandbox.environment["KUBECONFIG"] ?? ""],
    fails: "secret-type",
    message: /type Opaque/,
    fix: /kubectl --kubeconfig \S+ --context sandbox delete secret .*acr-pull setup .*--kubeconfig \S+$/,
  },
  {
    what: "it holds no JSON",
    breakIt: (world) => putContent(world, "{auths:"),
    fails: "secret-parses",
    message: /is not JSON/,
    fix: /delete secret acr-secret/,
  },
  {
    what: "another host's entry does not decode",
    breakIt: (world) =>
      putContent(world, { [world.loginServer]: rightEntry(world), "quay.io": { auth: "not:base64" } }),
    fails: "secret-parses",
    message: /quay\.io/,
    fix: /delete secret acr-secret/,
  },
  {
    what: "a secret beside it that a service account names does not decode",
    breakIt: (world) => {
      addSecret(
        world.sandbox,
        { namespace: "awesomeapps", name: "broken" },
        { auths: { "quay.io": { auth: "not:base64" } } },
      );
      linkAccount(world, "acr-secret", "broken");
    },
    fails: "secret-parses",
    message: /Secret broken /,
    fix: /delete secret broken/,
  },
  {
    what: "the entry is for other repositories by its path",
    breakIt: (world) => putContent(world, { [`${world.loginServer}/team`]: rightEntry(world) }),
    args: () => ["--image", "my-awesome-app:v1"],
    fails: "host",
    message: /only for images below that path, and my-awesome-app is not/,
    fix: /Write it for the whole registry: acr-pull setup/,
  },
  {
    what: "it holds an entry of another registry alone",
    breakIt: (world) => putContent(world, { "ghcr.io": entry("somebody", "a-password-of-theirs") }),
    fails: "secret-registry",
    message: /it is for ghcr\.io/,
    fix: /--adopt/,
  },
  {
    what: "the host stands there in capitals",
    breakIt: (world) => putContent(world, { [world.loginServer.toUpperCase()]: rightEntry(world) }),
    fails: "host",
    message: /LOCALHOST:\d+, with capital letters/,
    fix: /setup --registry myregistry/,
  },
  {
    what: "the host stands there with a scheme and in capitals",
    breakIt: (world) =>
      putContent(world, { [`https://${world.loginServer.toUpperCase()}`]: rightEntry(world) }),
    fails: "host",
    message: /https:\/\/LOCALHOST:\d+, with capital letters/,
    fix: /lower case/,
  },
  ...["myregistry.azurecr.io", "myregistry-a1b2c3d4.azurecr.io", "myregistry.azurecr.us"].map(
    (host): Breakage => ({
      what: `the host is ${host}, which the registry's login server is not`,
      breakIt: (world) => putContent(world, { [host]: rightEntry(world) }),
      fails: "host",
      message: /the login server of registry myregistry is localhost:\d+/,
      fix: /Name images by localhost:\d+/,
    }),
  ),
  {
    what: "the password is wrong",
    breakIt: (world) =>
      putContent(world, {
        [world.loginServer]: rightEntry(world, `${world.application.passwords[0]?.hint}8Q~a-wrong-password`),
      }),
    fails: "sign-in",
    message: /password is wrong/,
    fix: /acr-pull setup --registry myregistry/,
  },
  {
    what: "the key's id was pasted instead of its value",
    breakIt: (world) => putContent(world, { [world.loginServer]: rightEntry(world, world.keyId) }),
    fails: "sign-in",
    message: /the id of a key, not its value/,
    fix: /acr-pull setup --registry myregistry/,
  },
  {
    what: "a line break stands behind the password, as echo adds it",
    breakIt: (world) =>
      putContent(world, { [world.loginServer]: rightEntry(world, `${rightEntry(world).password}\n`) }),
    fails: "sign-in",
    message: /ends with a space or a line break/,
    fix: /acr-pull setup --registry myregistry/,
  },
  {
    what: "the principal's object id stands for the application's id",
    breakIt: (world) => {
      const { password } = rightEntry(world);
      putContent(world, { [world.loginServer]: entry(world.principal.id, password) });
    },
    fails: "principal",
    message: /is an object id of the application acr-pull-myregistry-\S+: it signs in by its application id/,
    fix: /Write the entry with that id as the user name/,
  },
  {
    what: "a registry is asked for that there is not",
    args: () => ["--registry", "nosuchregistry"],
    fails: "secret-registry",
    message: /no entry for nosuchregistry, and Azure shows you no such registry/,
    fix: /Check --registry\..* az acr list/,
  },
  {
    what: "the password has ended",
    wish: { ageDays: 200 },
    fails: "expiry",
    message: /expired on 20/,
    fix: /acr-pull rotate --registry myregistry --context sandbox/,
  },
  {
    what: "the password ends within a week",
    wish: { ageDays: 175 },
    fails: "expiry",
    message: /in 4 days/,
    fix: /acr-pull rotate/,
  },
  {
    what: "the key was removed",
    breakIt: ({ application }) => {
      for (const password of application.passwords) password.removedAt = Date.now() - hourMs;
    },
    fails: "sign-in",
    message: /^No key of the application begins like this password: it was removed/,
    fix: /acr-pull setup/,
  },
  {
    what: "the principal is disabled",
    breakIt: ({ principal }) => {
      principal.accountEnabled = false;
    },
    fails: "principal",
    message: /is disabled/,
    fix: /az ad sp update --id .* --set accountEnabled=true/,
  },
  {
    what: "the application was deleted",
    breakIt: ({ application, principal }) => {
      application.softDeleted = true;
      application.removedAt = Date.now() - hourMs;
      principal.removedAt = Date.now() - hourMs;
    },
    fails: "principal",
    message: /no service principal/,
    fix: /acr-pull setup/,
  },
  {
    what: "the principal holds no role",
    breakIt: (world) => regrant(world),
    fails: "role",
    message: /has no role assignment on registry myregistry/,
    fix: /acr-pull setup --registry myregistry/,
  },
  {
    what: "it holds AcrPull on a registry in ABAC mode",
    breakIt: ({ registry }) => {
      registry.roleAssignmentMode = "AbacRepositoryPermissions";
    },
    fails: "role",
    message:
      /AcrPull does not allow pulls from myregistry, which is in ABAC mode: that requires Container Registry/,
    fix: /acr-pull setup/,
  },
  {
    what: "it holds Container Registry Repository Reader on a registry in legacy mode",
    breakIt: (world) => regrant(world, { role: "Container Registry Repository Reader" }),
    fails: "role",
    message: /requires AcrPull/,
    fix: /acr-pull setup/,
  },
  {
    what: "the role is limited to another repository",
    options: { registries: [{ name: "myregistry", images: ["my-awesome-app:v1", "team/x:v1"] }] },
    breakIt: (world) => limitTo(world, "team/*"),
    args: () => ["--image", "my-awesome-app:v1"],
    fails: "role-condition",
    message: /limited to team\/\*, which do not include my-awesome-app/,
    fix: /--repository 'team\/\*' --repository my-awesome-app/,
  },
  {
    what: "the registry does not know the role yet",
    breakIt: ({ sandbox }) =>
      sandbox.setFaults([{ match: "GET /oauth2/token", times: 100, status: 401, code: "UNAUTHORIZED" }]),
    fails: "pull-scope",
    message: /although the password is right and a role is assigned/,
    fix: /up to ten minutes/,
  },
  {
    what: "the image is not there",
    args: () => ["--image", "my-awesome-app:v9"],
    fails: "image",
    message: /no image my-awesome-app:v9/,
    fix: /az acr repository show-tags --name myregistry --subscription \S+ --repository my-awesome-app/,
  },
  {
    what: "the image is not there by a digest",
    args: () => ["--image", `my-awesome-app@sha256:${"a".repeat(64)}`],
    fails: "image",
    message: /no image my-awesome-app@sha256:a{64}/,
    fix: /az acr repository show-tags/,
  },
  {
    what: "the image is not there for what a node is",
    options: {
      clusters: [{ context: "sandbox", nodes: [{ name: "one" }, { name: "two", architecture: "arm64" }] }],
    },
    args: () => ["--image", "my-awesome-app:v1"],
    fails: "image",
    message: /is built for linux\/amd64, but some nodes are linux\/arm64/,
    fix: /docker buildx build --platform linux\/amd64,linux\/arm64/,
  },
  {
    what: "the registry's network rules refuse this machine",
    breakIt: ({ registry }) => {
      registry.firewalled = true;
    },
    fails: "registry-reachable",
    message: /network rules of registry localhost:\d+ refuse this machine/,
    fix: /az acr network-rule add --name myregistry --subscription \S+ --ip-address ADDRESS/,
  },
  {
    what: "public access to the registry is off, and this machine is outside",
    breakIt: ({ registry }) => {
      registry.firewalled = true;
      registry.network.publicAccess = false;
    },
    fails: "registry-reachable",
    message: /network rules of registry localhost:\d+ refuse this machine/,
    fix: /^Public access to it is off: run verify in a network with one of its private endpoints/,
  },
  {
    what: "the registry is gone",
    breakIt: ({ sandbox }) => {
      sandbox.world.registries.splice(0, 1);
      sandbox.setFaults([{ match: "GET /oauth2/token", times: 100, action: "reset" }]);
    },
    fails: "registry-reachable",
    message: /cannot be reached/,
    fix: /Azure shows you no registry with this login server: it may have been deleted.* az acr list/,
  },
  {
    what: "secrets may not be read",
    options: {
      clusters: [{ context: "sandbox", rules: [{ verbs: ["get", "list"], resources: ["pods"] }] }],
    },
    fails: "secret-present",
    message: /may not get secret awesomeapps\/acr-secret/,
    fix: /kubectl --context sandbox create role acr-pull/,
  },
  {
    what: "what it holds belongs to no application, and is refused",
    breakIt: (world) => {
      madeByHand(world);
      putContent(world, { [world.loginServer]: entry("my-token", "no-password-of-any-token") });
    },
    fails: "sign-in",
    message: /refuses the credential in the secret/,
    fix: /az acr token list/,
  },
];

describe.concurrent("verify where", () => {
  for (const { what, options, wish, breakIt, args, fails, message, fix } of breakages) {
    it(`${what} fails ${fails}, and nothing else`, async ({ expect, onTestFinished }) => {
      const world = await setUpWorld(options, wish);
      onTestFinished(() => world.sandbox.close());
      breakIt?.(world);
      const run = await verify(world.sandbox, args?.(world));
      expect(idsOf(run, "fail"), run.stdout + run.stderr).toEqual([fails]);
      const [failed] = checksOf(run, "fail");
      expect(failed.message).toMatch(message);
      expect(failed.fix).toMatch(fix);
      expect([run.code, run.json.ok]).toEqual([5, false]);
      expect(world.sandbox.requests.mutating(), "requests that ask for a change").toEqual([]);
    });
  }
});
