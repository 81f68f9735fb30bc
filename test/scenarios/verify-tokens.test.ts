import { readFileSync } from "node:fs";
import { request } from "node:https";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResultDocument, Run } from "../program.ts";
import {
  entry,
  idsOf,
  madeByHand,
  putContent,
  setUpWorld,
  theSecret,
  verify,
  type SetUpWorld,
} from "./verification.ts";

const tokenUser = "00000000-0000-0000-0000-000000000000";

let world: SetUpWorld;
beforeEach(async () => {
  world = await setUpWorld();
  madeByHand(world);
});
afterEach(() => world.sandbox.close());

/** Posts a form, and reads one field of the answer. */
function post(url: string, form: Readonly<Record<string, string>>, field: string): Promise<string> {
  const body = new URLSearchParams(form).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const ca = readFileSync(world.sandbox.caPath);
  return new Promise((resolve, reject) => {
    request(url, { method: "POST", headers, ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve((JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>)[field] ?? ""),
      );
    })
      .on("error", reject)
      .end(body);
  });
}

/** What `az acr login --expose-token` prints if the world's application is signed in. */
async function refreshToken(): Promise<string> {
  const { sandbox, appId, application, loginServer } = world;
  const { azureUrl, tenantId } = sandbox.world;
  const form = {
    grant_type: "client_credentials",
    client_id: appId,
    client_secret: application.passwords.at(-1)?.secretText ?? "",
    scope: "https://containerregistry.azure.net/.default",
  };
  const ofEntra = await post(`${azureUrl}/${tenantId}/oauth2/v2.0/token`, form, "access_token");
  return post(
    `https://${loginServer}/oauth2/exchange`,
    { grant_type: "access_token", service: loginServer, access_token: ofEntra },
    "refresh_token",
  );
}

/** A token that its registry made some hours ago and that has ended. */
function endedToken(audience = world.loginServer): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ grant_type: "refresh_token" })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer("Azure Container Registry")
    .setAudience(audience)
    .setIssuedAt(now - 5 * 3600)
    .setExpirationTime(now - 2 * 3600)
    .sign(new Uint8Array(32));
}

/** Runs `verify` while the secret holds this token. */
async function verifyWith(token: string): Promise<{ run: Run; check: ResultDocument }> {
  putContent(world, { [world.loginServer]: entry(tokenUser, token) });
  const run = await verify(world.sandbox, [], { secrets: [token] });
  return { run, check: run.json.checks.find(({ id }: ResultDocument) => id === "token") };
}

/** What each controller leaves on the secrets that it writes. */
const writers = {
  msi() {
    const { metadata } = theSecret(world);
    metadata.labels = { "acr.microsoft.com/binding": "shop" };
    metadata.annotations = { "acr.microsoft.com/token.expiry": "2026-01-01T00:00:00Z" };
    metadata.ownerReferences = [
      {
        apiVersion: "acrpull.microsoft.com/v1beta2",
        kind: "AcrPullBinding",
        name: "shop",
        uid: "1",
        controller: true,
      },
    ];
  },
  externalSecrets() {
    const { metadata } = theSecret(world);
    metadata.labels = { "reconcile.external-secrets.io/managed": "true" };
    metadata.ownerReferences = [
      {
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        name: "acr",
        uid: "1",
        controller: true,
      },
    ];
  },
  argo() {
    theSecret(world).metadata.annotations = {
      "argocd.argoproj.io/tracking-id": "shop:/Secret:awesomeapps/x",
    };
  },
};

describe("a pull secret whose password is a token", () => {
  it("pulls while the token lives, and says that nothing is known to renew it", async () => {
    const { run, check } = await verifyWith(await refreshToken());
    expect(run.code, run.stdout).toBe(0);
    expect(check).toMatchObject({
      status: "warn",
      message: expect.stringMatching(
        /^The token expires on .*, in (?:179|180) minutes\. Nothing is known to renew it/,
      ),
      fix: expect.stringContaining("--adopt"),
    });
    expect(idsOf(run, "pass")).toContain("pull-scope");
    expect(idsOf(run, "fail")).toEqual([]);
  });

  it("is in order while a controller renews it", async () => {
    writers.msi();
    const { run, check } = await verifyWith(await refreshToken());
    expect(run.code, run.stdout).toBe(0);
    expect(check).toMatchObject({
      status: "pass",
      message: expect.stringContaining("msi-acrpull (AcrPullBinding awesomeapps/shop) writes it"),
    });
  });

  it("fails by the token alone when that has ended, with what writes it again", async () => {
    const { run, check } = await verifyWith(await endedToken());
    expect(run.code).toBe(5);
    expect(idsOf(run, "fail")).toEqual(["token"]);
    expect(check.message).toContain("The token expired on ");
    expect(check.fix).toContain("setup --registry myregistry --namespace awesomeapps");
    expect(check.fix).toContain("--adopt");
  });

  it.each([
    ["msi", "msi-acrpull (AcrPullBinding awesomeapps/shop) writes this secret"],
    ["externalSecrets", "External Secrets (ExternalSecret awesomeapps/acr) writes this secret"],
    ["argo", "Argo CD (Application shop) writes this secret"],
  ] as const)("has ended, and leads to what was to renew it: %s", async (writer, fix) => {
    writers[writer]();
    const { run, check } = await verifyWith(await endedToken());
    expect(idsOf(run, "fail")).toEqual(["token"]);
    expect(check.fix).toContain(fix);
    expect(check.fix).not.toContain("--adopt");
  });

  it("may be of another registry", async () => {
    const { check } = await verifyWith(await endedToken("other.azurecr.io"));
    expect(check).toMatchObject({
      status: "fail",
      message: expect.stringContaining("The token is for other.azurecr.io"),
    });
  });

  it("may hold no token at all", async () => {
    const { run, check } = await verifyWith("n0t~a-token-but-something-else");
    expect(idsOf(run, "fail")).toEqual(["token"]);
    expect(check.message).toContain("but the password is not a token");
  });
});
