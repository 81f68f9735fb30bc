import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Json, Recording } from "./azure-recordings.ts";

type Answer = Recording["response"];

/** Headers whose value belongs to the form. Of `location`, only its presence does. */
const headers = [
  "content-type",
  "docker-distribution-api-version",
  "location",
  "strict-transport-security",
  "www-authenticate",
  "x-ms-failure-cause",
  "x-ms-resource-unit",
];

/**
 * How an answer differs from a recorded one: in its status, error code or keys, or in which values are null, text,
 * number, list or object. The values themselves do not count. The first item of a list stands for all.
 */
export function differences(recorded: Answer, given: Answer): string[] {
  return [
    ...(recorded.status === given.status ? [] : [`status: ${given.status}, not ${recorded.status}`]),
    ...headers.flatMap((name) => {
      const wanted = headerForm(name, recorded.headers[name]);
      const found = headerForm(name, given.headers[name]);
      return wanted === undefined || wanted === found ? [] : [`${name}: ${found ?? "absent"}, not ${wanted}`];
    }),
    ...between("body", recorded.body, withDecoded(given.body)),
  ];
}

function headerForm(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (name === "location") return "there";
  return name === "www-authenticate"
    ? value.replaceAll(/https:\/\/[^/"]+/g, "https://HOST").replace(/service="[^"]*"/, 'service="HOST"')
    : value.replaceAll(/;\s+/g, ";").toLowerCase();
}

function between(path: string, wanted: Json, given: Json): string[] {
  const [kind, found] = [kindOf(wanted), kindOf(given)];
  if (kind !== found) return [`${path}: ${found}, not ${kind}`];
  if (kind === "list") {
    if (wanted.length > 0 && given.length > 0) return between(`${path}[]`, wanted[0], given[0]);
    // `body.value` is what was asked for, so it must not be empty on one side only. Other lists depend on the world.
    return path !== "body.value" || wanted.length === given.length
      ? []
      : [`${path}: of ${given.length}, not ${wanted.length}`];
  }
  if (kind !== "object") {
    // Error codes and the lifetimes of tokens are compared by value.
    const isCode = /\.(?:code|error)$/.test(path) || /^answer [+-] \d+ s$/.test(String(wanted));
    return isCode && wanted !== given ? [`${path}: ${given}, not ${wanted}`] : [];
  }
  // The names of tags are up to their owner.
  if (path.endsWith(".tags")) return [];
  return [...new Set([...Object.keys(wanted), ...Object.keys(given)])].flatMap((key) => {
    const name = `${path}.${key}`;
    if (!(key in given)) return [`${name}: absent, not ${kindOf(wanted[key])}`];
    return key in wanted
      ? between(name, wanted[key], given[key])
      : [`${name}: ${kindOf(given[key])}, not absent`];
  });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Recordings show the claims of a registry's token beside it, with times relative to the answer. */
function withDecoded(body: Json): Json {
  const token: unknown = body?.access_token ?? body?.refresh_token;
  if (typeof token !== "string" || token.split(".").length !== 3) return body;
  const claims: Record<string, unknown> = decodeJwt(token);
  for (const name of ["nbf", "iat", "exp"]) {
    const seconds = Math.round((Number(claims[name]) - Date.now() / 1000) / 60) * 60;
    claims[name] = `answer ${seconds < 0 ? "-" : "+"} ${Math.abs(seconds)} s`;
  }
  return { ...body, "x-decoded": { header: decodeProtectedHeader(token), claims } };
}
