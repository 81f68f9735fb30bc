import type { SandboxRequest } from "../service.ts";
import type { ClusterRecord, ClusterUserRecord } from "../world.ts";
import { accessDenied, mayDo, type Caller } from "./authorization.ts";
import type { ResourceRequest } from "./request-attributes.ts";
import { impersonationWithoutUser, unauthorized } from "./status.ts";

/*
 * Who sends a request, and whom it impersonates.
 * Sources: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests and
 * #user-impersonation
 */

const anonymousName = "system:anonymous";

/** The caller without a token. It may do what everybody may do. */
const anonymous: Caller = { name: anonymousName, groups: ["system:unauthenticated"], rules: [] };

/** @throws StatusError 401 for a token that no user has; 403 or 500 if it may not impersonate as it asks to */
export function authenticate(request: SandboxRequest, cluster: ClusterRecord): Caller {
  return impersonated(request, cluster, sender(request, cluster.users));
}

/** A scheme other than Bearer, or Bearer without a token, counts as no token. */
function sender({ headers }: SandboxRequest, users: readonly ClusterUserRecord[]): Caller {
  const [scheme = "", token = ""] = (headers.authorization ?? "").trim().split(" ");
  if (scheme.toLowerCase() !== "bearer" || token === "") {
    return anonymous;
  }
  const user = users.find((one) => one.token === token);
  if (!user) {
    throw unauthorized();
  }
  return { name: user.name, groups: ["system:authenticated"], rules: user.rules };
}

/** One identity that a request asks to impersonate. */
interface Impersonation {
  readonly kind: "User" | "UID" | "Group" | "UserExtra";
  readonly name: string;
  /** The key of an extra field. */
  readonly key?: string;
}

const authenticationGroup = "authentication.k8s.io";

/**
 * The user that the request's `Impersonate-` headers name. A user that the cluster does not know is accepted too, but
 * has no rights of its own.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/impersonation.go
 */
function impersonated(request: SandboxRequest, cluster: ClusterRecord, caller: Caller): Caller {
  const asked = impersonationsOf(request);
  if (asked.length === 0) {
    return caller;
  }
  const name = asked.find(({ kind }) => kind === "User")?.name;
  if (name === undefined) {
    const query = request.query.toString();
    throw impersonationWithoutUser(query ? `${request.path}?${query}` : request.path, asked.map(asGo));
  }
  for (const one of asked) {
    const right = rightTo(one);
    if (!mayDo(caller, right)) {
      throw accessDenied(caller, right);
    }
  }
  const named = (kind: Impersonation["kind"]) => asked.filter((one) => one.kind === kind);
  const groups = named("Group").map((group) => group.name);
  const everybodys = name === anonymousName ? "system:unauthenticated" : "system:authenticated";
  const uid = named("UID")[0]?.name;
  const extra = named("UserExtra");
  return {
    name,
    groups: groups.includes(everybodys) ? groups : [...groups, everybodys],
    rules: cluster.users.find((user) => user.name === name)?.rules ?? [],
    ...(uid !== undefined && { uid }),
    ...(extra.length > 0 && {
      extra: Object.fromEntries(
        extra.map(({ key = "" }) => [key, extra.filter((one) => one.key === key).map((one) => one.name)]),
      ),
    }),
  };
}

const extraPrefix = "impersonate-extra-";

function impersonationsOf({ headers }: SandboxRequest): Impersonation[] {
  const listed = (header: string) =>
    String(headers[header] ?? "")
      .split(", ")
      .filter((value) => value !== "");
  const asked = (kind: Impersonation["kind"], values: readonly string[]) =>
    values.map((name) => ({ kind, name }));
  const extra = Object.keys(headers)
    .filter((header) => header.startsWith(extraPrefix))
    .flatMap((header) => {
      const key = unescaped(header.slice(extraPrefix.length));
      return listed(header).map((name) => ({ kind: "UserExtra" as const, name, key }));
    });
  return [
    ...asked("User", listed("impersonate-user")),
    ...asked("Group", listed("impersonate-group")),
    ...extra,
    ...asked("UID", listed("impersonate-uid")),
  ];
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const rights = {
  User: { group: "", resource: "users" },
  Group: { group: "", resource: "groups" },
  UID: { group: authenticationGroup, resource: "uids" },
  UserExtra: { group: authenticationGroup, resource: "userextras" },
};

function rightTo({ kind, name, key = "" }: Impersonation): ResourceRequest {
  return { verb: "impersonate", ...rights[kind], version: "v1", subresource: key, namespace: "", name };
}

/** As Go prints an object reference: kind, namespace, name, uid, version, resource version, field. */
function asGo({ kind, name, key = "" }: Impersonation): string {
  const version = kind === "UID" || kind === "UserExtra" ? `${authenticationGroup}/v1` : "";
  return `{${[kind, "", name, "", version, "", key].join(" ")}}`;
}
