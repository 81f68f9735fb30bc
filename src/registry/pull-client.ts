import { decodeJwt } from "jose";
import type { ProofImage, PullOutcome, PullProof, RegistryLooks } from "../core/ports.ts";
import type { PullCredential } from "../domain/docker-config.ts";
import { urlPart } from "../domain/url-part.ts";
import { firewallError, readRefusal, unexpectedAnswer } from "./registry-errors.ts";
import { manifestTypes, platformsOf, type ManifestReference } from "./image-platforms.ts";
import { RegistryConnection, type RegistryOptions } from "./registry-connection.ts";

/**
 * Uses a registry's data plane as a node does: it sends the user name and password to the token endpoint, and the token
 * with the request for a manifest. It asks for the token by GET with Basic authentication. Docker and CRI-O know no
 * other way, and containerd falls back to it when its POST is refused, so a refusal here is final for all of them.
 * Source: https://github.com/containerd/containerd/blob/main/core/remotes/docker/auth/fetch.go
 */
export class PullClient implements PullProof, RegistryLooks {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async tryPull(
    loginServer: string,
    credential: PullCredential,
    image: ProofImage,
    signal: AbortSignal,
  ): Promise<PullOutcome> {
    const registry = new RegistryConnection(loginServer, this.#options);
    try {
      const sign = await signIn(registry, credential, image.repository, signal);
      if (sign.kind === "refused") return sign;
      const missing = missingPull(sign.token, image.repository);
      if (missing !== undefined) return { kind: "no-pull-scope", reason: missing };
      if (image.tag === undefined) return { kind: "allowed" };
      const { repository, tag: reference } = image;
      return await findManifest(registry, sign.token, { repository, reference }, signal);
    } finally {
      registry.close();
    }
  }

  async checkReachable(loginServer: string, signal: AbortSignal): Promise<void> {
    const registry = new RegistryConnection(loginServer, this.#options);
    try {
      const answer = await registry.ask("GET", "/v2/", {}, signal);
      if (answer.status === 403) throw firewallError(registry.loginServer, answer);
      if (answer.status !== 401 && answer.status !== 200) {
        throw unexpectedAnswer(registry.loginServer, "GET /v2/", answer);
      }
    } finally {
      registry.close();
    }
  }

  async findPlatforms(
    loginServer: string,
    credential: PullCredential,
    { repository, tag = "latest" }: ProofImage,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    const registry = new RegistryConnection(loginServer, this.#options);
    try {
      const sign = await signIn(registry, credential, repository, signal);
      return sign.kind === "token"
        ? await platformsOf(registry, sign.token, { repository, reference: tag }, signal)
        : undefined;
    } finally {
      registry.close();
    }
  }
}

type SignIn =
  { readonly kind: "token"; readonly token: string } | { readonly kind: "refused"; readonly reason: string };

/** Source: https://github.com/Azure/acr/blob/main/docs/Token-BasicAuth.md */
async function signIn(
  registry: RegistryConnection,
  { username, password }: PullCredential,
  repository: string,
  signal: AbortSignal,
): Promise<SignIn> {
  const query = new URLSearchParams({
    service: registry.loginServer,
    scope: `repository:${repository}:pull`,
  });
  const basic = Buffer.from(`${username}:${password.reveal()}`).toString("base64");
  const answer = await registry.ask(
    "GET",
    `/oauth2/token?${query.toString()}`,
    { Authorization: `Basic ${basic}` },
    signal,
  );
  if (answer.status === 401) {
    return { kind: "refused", reason: readRefusal(answer.body).message ?? "the registry gave no reason" };
  }
  if (answer.status === 403) throw firewallError(registry.loginServer, answer);
  const token = answer.status === 200 ? tokenIn(answer.body) : undefined;
  if (token === undefined) throw unexpectedAnswer(registry.loginServer, "GET /oauth2/token", answer);
  return { kind: "token", token };
}

/** Azure answers with `access_token`; another token service may answer with `token`. */
function tokenIn(body: Buffer): string | undefined {
  try {
    const { access_token: ofAzure, token } = Object(JSON.parse(body.toString("utf8"))) as Record<
      string,
      unknown
    >;
    return [ofAzure, token].find((value) => typeof value === "string" && value !== "") as string | undefined;
  } catch {
    return undefined;
  }
}

/**
 * Why a token does not allow the pull; undefined if it does. If a registry accepts a credential but does not allow what
 * was asked, it answers 200 with a smaller scope.
 * Source: https://distribution.github.io/distribution/spec/auth/jwt/
 */
function missingPull(token: string, repository: string): string | undefined {
  let access: unknown;
  try {
    ({ access } = decodeJwt(token));
  } catch {
    return "the access token cannot be read, so it proves nothing";
  }
  const grants = (Array.isArray(access) ? access : []) as unknown[];
  const granted = grants.some((grant) => {
    const { type, name, actions } = Object(grant) as { type?: unknown; name?: unknown; actions?: unknown };
    const allows = Array.isArray(actions) && (actions.includes("pull") || actions.includes("*"));
    return type === "repository" && name === repository && allows;
  });
  return granted ? undefined : `the access token does not allow pulls of ${repository}`;
}

async function findManifest(
  registry: RegistryConnection,
  token: string,
  { repository, reference }: ManifestReference,
  signal: AbortSignal,
): Promise<PullOutcome> {
  const path = `/v2/${repository}/manifests/${urlPart(reference)}`;
  const headers = { Authorization: `Bearer ${token}`, Accept: manifestTypes };
  const answer = await registry.ask("HEAD", path, headers, signal);
  const image = `${repository}:${reference}`;
  if (answer.status === 200) return { kind: "allowed" };
  if (answer.status === 404) return { kind: "image-missing", reason: `the registry has no image ${image}` };
  if (answer.status === 401 || answer.status === 403) {
    return { kind: "no-pull-scope", reason: `the registry refuses ${image} with ${answer.status}` };
  }
  throw unexpectedAnswer(registry.loginServer, `HEAD ${path}`, answer);
}
