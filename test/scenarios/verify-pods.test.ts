import { describe, it } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import {
  addWaitingPod,
  checksOf,
  entry,
  idsOf,
  limitTo,
  linkAccount,
  madeByHand,
  putContent,
  rightEntry,
  setUpWorld,
  theSecret,
  verify,
  type SetUpWorld,
} from "./verification.ts";
import type { ResultDocument } from "../program.ts";
import { addSecret } from "./rotation.ts";

/** Why a Pod waits, and what is reported for it. */
interface Waiting {
  readonly what: string;
  readonly options?: SandboxOptions;
  readonly arrange: (world: SetUpWorld) => void;
  readonly message: RegExp;
  readonly fix: RegExp;
  /** Checks that fail in addition to the Pod's: the cause itself, if the secret is to blame. */
  readonly besides?: readonly string[];
}

const dayMs = 86_400_000;

const waiting: readonly Waiting[] = [
  {
    what: "neither it nor its service account names a secret",
    arrange: (world) => addWaitingPod(world, { imagePullSecrets: [] }),
    message: /without a pull secret: neither it nor its service account default names one/,
    fix: /acr-pull setup --registry localhost:\d+ .*--secret-name acr-secret --service-account default/,
  },
  {
    what: "neither it nor its service account names the secret that somebody made by hand",
    arrange: (world) => {
      madeByHand(world);
      addWaitingPod(world, { imagePullSecrets: [] });
    },
    message: /neither it nor its service account default names one/,
    fix: /Link the account: kubectl --context sandbox patch serviceaccount default .*"name":"acr-secret"/,
  },
  {
    what: "its service account names a secret for other hosts",
    arrange: (world) => {
      addSecret(
        world.sandbox,
        { namespace: "awesomeapps", name: "others" },
        { auths: { [world.sandbox.world.registries[1]?.loginServer ?? ""]: rightEntry(world) } },
      );
      addWaitingPod(world, { imagePullSecrets: [] });
      linkAccount(world, "others");
    },
    message: /without a pull secret for localhost:\d+/,
    fix: /--secret-name acr-secret --service-account default/,
    besides: ["role"],
  },
  {
    what: "it was made when its service account named a secret for other hosts",
    arrange: (world) => {
      addSecret(
        world.sandbox,
        { namespace: "awesomeapps", name: "others" },
        { auths: { [world.sandbox.world.registries[1]?.loginServer ?? ""]: rightEntry(world) } },
      );
      linkAccount(world, "others");
      addWaitingPod(world, { imagePullSecrets: [] });
    },
    message: /no entry in its secrets \(others\) is for localhost/,
    fix: /add the entry: acr-pull setup .*--secret-name others --adopt/,
    besides: ["role"],
  },
  {
    what: "its service account is gone",
    arrange: (world) => {
      addWaitingPod(world, { imagePullSecrets: [] });
      world.sandbox.world.clusters[0]!.objects["serviceaccounts"] = [];
    },
    message: /its service account default is gone/,
    fix: /create serviceaccount default --namespace awesomeapps.*acr-pull setup/,
  },
  {
    what: "it names no secret, and its service account may not be looked at",
    options: {
      clusters: [
        { context: "sandbox", rules: [{ verbs: ["get", "list"], resources: ["pods", "secrets", "events"] }] },
      ],
    },
    arrange: (world) => addWaitingPod(world, { imagePullSecrets: [] }),
    message: /it names none, and got none from its service account default, which you may not read/,
    fix: /list on serviceaccounts is missing/,
  },
  {
    what: "it was created before its service account named the secret",
    arrange: (world) => {
      addWaitingPod(world, { imagePullSecrets: [] });
      linkAccount(world, "acr-secret");
    },
    message: /was created before its service account default named acr-secret/,
    fix: /delete pod app --namespace awesomeapps/,
  },
  {
    what: "the secret that it names is in no namespace",
    arrange: (world) => addWaitingPod(world, { imagePullSecrets: ["regcred"] }),
    message: /its secret regcred fails secret-present/,
    fix: /acr-pull setup/,
    besides: ["secret-present"],
  },
  {
    what: "one of its secrets does not decode, and breaks the others too",
    arrange: (world) => {
      const auths = { "quay.io": { auth: "not:base64" } };
      addSecret(world.sandbox, { namespace: "awesomeapps", name: "broken" }, { auths });
      addWaitingPod(world, { imagePullSecrets: ["acr-secret", "broken"] });
    },
    message: /its secret broken fails secret-parses/,
    fix: /delete secret broken/,
    besides: ["secret-parses"],
  },
  {
    what: "its image is named by another host than the entry",
    arrange: (world) => addWaitingPod(world, { image: "myregistry.azurecr.io/my-awesome-app:v1" }),
    message: /no entry in its secrets \(acr-secret\) is for myregistry\.azurecr\.io: they are for localhost/,
    fix: /Azure shows no registry with the login server myregistry\.azurecr\.io: name the image .*get pod app/,
  },
  {
    what: "its image is named by a regional endpoint, for which there is no entry",
    arrange: (world) =>
      addWaitingPod(world, { image: "myregistry.westeurope.geo.azurecr.io/my-awesome-app:v1" }),
    message: /is for myregistry\.westeurope\.geo\.azurecr\.io: they are for localhost/,
    fix: /a regional endpoint of myregistry\.azurecr\.io: name the image by that .*get pod app/,
  },
  {
    what: "its image is named by the entry's host in capitals",
    arrange: (world) =>
      addWaitingPod(world, { image: `${world.loginServer.toUpperCase()}/my-awesome-app:v1` }),
    message: /no entry in its secrets \(acr-secret\) is for LOCALHOST:\d+/,
    fix: /name the image by localhost:\d+ in the pod's template/,
  },
  {
    what: "its image is of a registry that its secrets have no entry for",
    arrange: (world) =>
      addWaitingPod(world, { image: `${world.sandbox.world.registries[1]?.loginServer}/my-awesome-app:v1` }),
    message: /no entry in its secrets/,
    fix: /or add the entry: acr-pull setup --registry localhost:\d+/,
  },
  {
    what: "the password has ended",
    arrange: (world) => {
      for (const password of world.application.passwords) {
        password.endDateTime = new Date(Date.now() - dayMs).toISOString();
      }
      addWaitingPod(world);
    },
    message: /its secret acr-secret fails expiry\. The password expired on/,
    fix: /acr-pull rotate/,
    besides: ["expiry"],
  },
  {
    what: "its image is not there",
    arrange: (world) => addWaitingPod(world, { image: `${world.loginServer}/my-awesome-app:v9` }),
    message: /my-awesome-app:v9 .*: localhost:\d+ has no such image/,
    fix: /get pod app/,
  },
  {
    what: "the role is limited to other repositories, and the password ends soon besides",
    arrange: (world) => {
      limitTo(world, "team/*");
      for (const password of world.application.passwords) {
        Object.assign(password, {
          startDateTime: new Date(Date.now() - 300 * dayMs).toISOString(),
          endDateTime: new Date(Date.now() + 3 * dayMs).toISOString(),
        });
      }
      addWaitingPod(world);
    },
    message: /does not let the credential in its secrets pull my-awesome-app/,
    fix: /--image my-awesome-app:v1/,
    besides: ["expiry"],
  },
  {
    what: "its image, by a digest, is in a repository that the role is not for",
    arrange: (world) => {
      limitTo(world, "team/*");
      addWaitingPod(world, { image: `${world.loginServer}/my-awesome-app@sha256:${"a".repeat(64)}` });
    },
    message: /does not let the credential in its secrets pull my-awesome-app/,
    fix: /--image my-awesome-app@sha256:a{64}$/,
  },
  {
    what: "its image is not there for what its node is",
    options: {
      registries: [
        { name: "myregistry", images: [{ name: "my-awesome-app:v1", platforms: ["linux/arm64"] }] },
      ],
    },
    arrange: (world) => addWaitingPod(world),
    message: /is built for linux\/arm64, but its node sandbox-node is linux\/amd64/,
    fix: /docker buildx build --platform linux\/arm64,linux\/amd64 --tag localhost:\d+\/my-awesome-app:v1 --push \./,
  },
  {
    what: "its image's name has a scheme before it",
    arrange: (world) =>
      addWaitingPod(world, {
        image: `https://${world.loginServer}/my-awesome-app:v1`,
        waiting: "InvalidImageName",
      }),
    message: /is not a valid image name/,
    fix: /HOST\/REPOSITORY:TAG.*get pod app/,
  },
  {
    what: "it never pulls, and the node does not hold the image",
    arrange: (world) => addWaitingPod(world, { waiting: "ErrImageNeverPull" }),
    message: /imagePullPolicy is Never.* node sandbox-node does not have/,
    fix: /IfNotPresent/,
  },
  {
    what: "its node does not take the image's signature",
    arrange: (world) =>
      addWaitingPod(world, {
        waiting: "SignatureValidationFailed",
        said: `Failed to pull image "${world.loginServer}/my-awesome-app:v1": no signature`,
      }),
    message: /The kubelet says: Failed to pull image .*: no signature/,
    fix: /describe pod app/,
  },
  {
    what: "a debugger in it asks for an image that is not there",
    arrange: (world) =>
      addWaitingPod(world, { kind: "ephemeralContainer", image: `${world.loginServer}/debugger:v1` }),
    message: /has no such image/,
    fix: /get pod app/,
  },
  {
    what: "the role is limited to other repositories",
    arrange: (world) => {
      limitTo(world, "team/*");
      addWaitingPod(world);
    },
    message: /does not let the credential in its secrets pull my-awesome-app/,
    fix: /acr-pull verify --namespace awesomeapps --context sandbox --image my-awesome-app:v1/,
  },
];

describe.concurrent("verify says of a pod that waits for its image that", () => {
  for (const { what, options, arrange, message, fix, besides = [] } of waiting) {
    it(`${what}, and what to do about it`, async ({ expect, onTestFinished }) => {
      const world = await setUpWorld(options);
      onTestFinished(() => world.sandbox.close());
      arrange(world);
      const run = await verify(world.sandbox);
      expect(run.code, run.stdout).toBe(5);
      expect(idsOf(run, "fail"), run.stdout).toEqual([...besides, "pod"]);
      const pod = checksOf(run, "fail").at(-1);
      expect(pod.target).toMatchObject({ pod: "app", namespace: "awesomeapps" });
      expect(pod.message).toMatch(message);
      expect(pod.fix).toMatch(fix);
      expect(world.sandbox.requests.mutating()).toEqual([]);
    });
  }

  it("all is in order now, so that the kubelet will get it, and what it said last", async ({
    expect,
    onTestFinished,
  }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    addWaitingPod(world, { waiting: "ErrImagePull" });
    const run = await verify(world.sandbox);
    expect([run.code, idsOf(run, "warn")], run.stdout).toEqual([0, ["pod"]]);
    expect(checksOf(run, "warn")[0]).toMatchObject({
      message: expect.stringMatching(
        /retries within five minutes\. The kubelet says: Failed to pull image .*401 Unauthorized$/,
      ),
      fix: expect.stringContaining("describe pod app"),
    });
  });

  it("its image is of another registry, which is none of its business", async ({
    expect,
    onTestFinished,
  }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    addWaitingPod(world, { image: "ghcr.io/somebody/app:v1" });
    const run = await verify(world.sandbox);
    expect(run.code, run.stdout).toBe(0);
    expect(run.json.checks.find(({ id }: { id: string }) => id === "pod")).toMatchObject({ status: "skip" });
  });

  it("another of its secrets pulls, whatever the first one is", async ({ expect, onTestFinished }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    addSecret(
      world.sandbox,
      { namespace: "awesomeapps", name: "second" },
      { auths: { [world.loginServer]: rightEntry(world) } },
    );
    putContent(world, { "ghcr.io": entry("somebody", "a-password-of-theirs") });
    theSecret(world).metadata.name = "first";
    addWaitingPod(world, { imagePullSecrets: ["first", "second"] });
    const run = await verify(world.sandbox, ["--pod", "app"]);
    expect(checksOf(run, "warn")).toMatchObject([
      { id: "pod", message: expect.stringContaining("pulls it from here now") },
    ]);
  });
});

describe.concurrent("verify --pod", () => {
  it("fails where there is no such pod", async ({ expect, onTestFinished }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    const run = await verify(world.sandbox, ["--pod", "ghost"]);
    expect([run.code, idsOf(run, "fail")], run.stdout).toEqual([5, ["pod"]]);
    expect(checksOf(run, "fail")[0].fix).toContain("get pods --namespace awesomeapps");
  });

  it.for([
    ["may be read but not listed", "get", "warn"],
    ["may be listed but not read", "list", "warn"],
    ["may not be seen at all", "none", "skip"],
  ] as const)("where pods %s tells of it what it can", async ([, verb, status], context) => {
    const { expect, onTestFinished } = context;
    const rules = [
      { verbs: ["get"], resources: ["secrets"] },
      { verbs: [verb], resources: ["pods"] },
    ];
    const world = await setUpWorld({ clusters: [{ context: "sandbox", rules }] });
    onTestFinished(() => world.sandbox.close());
    addWaitingPod(world);
    const run = await verify(world.sandbox, ["--pod", "app"]);
    expect([run.code, idsOf(run, "fail")], run.stdout).toEqual([0, []]);
    const told = run.json.checks.find(({ target }: ResultDocument) => target.pod === "app");
    expect(told, run.stdout).toMatchObject({ id: "pod", status });
    expect(idsOf(run, "pass")).toContain("pull-scope");
  });

  it("is content with a pod that waits for nothing", async ({ expect, onTestFinished }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    addWaitingPod(world, { waiting: null });
    const run = await verify(world.sandbox, ["--pod", "app"]);
    expect(run.code, run.stdout).toBe(0);
    expect(idsOf(run, "pass")).toContain("pod");
  });
});
