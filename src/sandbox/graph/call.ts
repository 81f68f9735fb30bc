import { errors as joseErrors } from "jose";
import { graphError, graphHeaders, GraphRefusal } from "./errors.ts";
import type { ReplicaView } from "../replication.ts";
import { jsonBody, type Route, type SandboxRequest, type SandboxResponse } from "../service.ts";
import { bearerToken, graphAudiences, verifyToken, type Identity } from "../entra/token.ts";
import type { World } from "../world.ts";

/** One request to Graph: who asks, and the replica that answers. */
export interface GraphCall {
  readonly world: World;
  readonly request: SandboxRequest;
  readonly parameters: Readonly<Record<string, string>>;
  readonly caller: Identity;
  readonly view: ReplicaView;
}

/** Pieces of a path pattern that clients may send percent-encoded. */
const open = String.raw`(?:\(|%28)`;
const close = String.raw`(?:\)|%29)`;
const quote = String.raw`(?:'|%27)`;
const quoted = String.raw`(?:(?!%27)[^'/])*`;

/** Names one object: `/{id}` or `(appId='…')`. */
export const byIdOrAppId = String.raw`(?:/(?<id>[^/()$%]+)|${open}appId=${quote}(?<appId>${quoted})${quote}${close})`;

/** Names one object: `(uniqueName='…')`. */
export const byUniqueName = String.raw`${open}uniqueName=${quote}(?<uniqueName>${quoted})${quote}${close}`;

/** A route of Graph v1.0. It identifies the caller before the work begins, and answers a refusal in Graph's shape. */
export function graphRoute(
  world: World,
  method: string,
  path: string,
  work: (call: GraphCall) => SandboxResponse,
): Route {
  return {
    method,
    pattern: new RegExp(`^/v1\\.0${path}$`, "i"),
    handle: async (request, parameters) => {
      try {
        const caller = await authenticate(world, request);
        return work({ world, request, parameters, caller, view: world.replication.read() });
      } catch (error) {
        if (!(error instanceof GraphRefusal)) throw error;
        return graphError(request, error.status, error.code, error.message, error.details);
      }
    },
  };
}

const contentType =
  "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/** An answer with a body. */
export function answer(
  call: GraphCall,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): SandboxResponse {
  const common = { ...graphHeaders(call.request), "Content-Type": contentType, "OData-Version": "4.0" };
  return { status, headers: { ...common, ...headers }, body };
}

/** The answer to a change that returns nothing. */
export function noContent(call: GraphCall): SandboxResponse {
  return { status: 204, headers: graphHeaders(call.request) };
}

/** The JSON object that was sent. Empty if the request has no body. */
export function sentBody(call: GraphCall): Record<string, unknown> {
  if (call.request.body.length === 0) return {};
  const body = jsonBody(call.request);
  if (!body) throw new GraphRefusal(400, "BadRequest", "Unable to read JSON request payload.");
  return body;
}

/** `@odata.context` of an answer. */
export function context(world: World, path: string): Record<string, string> {
  return { "@odata.context": `${world.azureUrl}/v1.0/$metadata#${path}` };
}

async function authenticate(world: World, request: SandboxRequest): Promise<Identity> {
  const token = bearerToken(request);
  if (token === undefined) throw unauthenticated("Access token is empty.");
  try {
    return await verifyToken(world, token, graphAudiences(world));
  } catch (error) {
    if (error instanceof joseErrors.JWTExpired) {
      throw unauthenticated("Lifetime validation failed, the token is expired.");
    }
    if (error instanceof joseErrors.JWTClaimValidationFailed && error.claim === "aud") {
      throw unauthenticated("Access token validation failure. Invalid audience.");
    }
    throw unauthenticated("Invalid token.");
  }
}

function unauthenticated(message: string): GraphRefusal {
  return new GraphRefusal(401, "InvalidAuthenticationToken", message);
}
