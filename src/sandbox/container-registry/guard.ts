import { challenge, formatScope, type Scope } from "./answers.ts";
import { basicCredential, grantedScopes, receive, refusalText } from "./sign-in.ts";
import type { RegistryTokens } from "./registry-token.ts";
import type { SandboxRequest, SandboxResponse } from "../service.ts";
import { bearerToken } from "../entra/token.ts";
import type { RegistryRecord, World } from "../world.ts";

/** The refusal of a request without a valid token, or with one that grants too little. Undefined if it may pass. */
export async function accessRefusal(
  world: World,
  registry: RegistryRecord,
  tokens: RegistryTokens,
  request: SandboxRequest,
  scope?: Scope,
): Promise<SandboxResponse | undefined> {
  const credential = basicCredential(request);
  if (credential) {
    const received = await receive(world, registry, tokens, credential);
    if (received.kind === "refused")
      return challenge(registry, scope, undefined, refusalText(received.reason));
    if (!scope) return undefined;
    const granted = grantedScopes([formatScope(scope)], received.rights);
    return covers(granted, scope) ? undefined : challenge(registry, scope, "insufficient_scope");
  }
  const token = bearerToken(request);
  if (token === undefined) return challenge(registry, scope);
  const holder = await tokens.read(token);
  if (!holder?.access) return challenge(registry, scope, "invalid_token");
  return !scope || covers(holder.access, scope)
    ? undefined
    : challenge(registry, scope, "insufficient_scope");
}

function covers(access: readonly Scope[], { type, name, actions }: Scope): boolean {
  return actions.every((action) =>
    access.some((held) => held.type === type && held.name === name && held.actions.includes(action)),
  );
}
