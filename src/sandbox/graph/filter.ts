import { badRequest, GraphRefusal } from "./errors.ts";
import type { Collection, GraphResource } from "./query.ts";

type Predicate = (resource: GraphResource) => boolean;

/*
 * The filters that acr-pull and az send: https://learn.microsoft.com/graph/filter-query-parameter. Strings are
 * compared without regard to case; a quote in a string is doubled.
 */
const literal = String.raw`'((?:[^']|'')*)'`;
const equals = new RegExp(String.raw`^(\w+)\s+eq\s+${literal}$`, "i");
const startsWith = new RegExp(String.raw`^startswith\(\s*(\w+)\s*,\s*${literal}\s*\)$`, "i");
const anyEquals = new RegExp(String.raw`^(\w+)/any\(\s*(\w+)\s*:\s*\2\s+eq\s+${literal}\s*\)$`, "i");
const isIn = new RegExp(String.raw`^(\w+)\s+in\s+\(\s*(${literal}(?:\s*,\s*${literal})*)\s*\)$`, "i");
/** https://learn.microsoft.com/graph/known-issues#query-parameters */
const mostValues = 15;
/** Properties that hold several strings. */
const lists: ReadonlySet<string> = new Set(["identifierUris", "servicePrincipalNames", "tags"]);
const advanced = /\b(?:ne|not|endswith)\b/i;

/**
 * The predicate of a `$filter`. Without a filter it keeps everything.
 * @throws GraphRefusal 400 for a filter that Graph refuses, or that the sandbox does not know
 */
export function filter(text: string | null, collection: Collection): Predicate {
  if (text === null || text.trim() === "") return () => true;
  const clauses = splitAnd(text).map((part) => clause(part, collection));
  return (resource) => clauses.every((matches) => matches(resource));
}

function clause(text: string, collection: Collection): Predicate {
  const equal = equals.exec(text);
  const start = startsWith.exec(text);
  const any = anyEquals.exec(text);
  const oneOf = isIn.exec(text);
  const property = (equal ?? start ?? any ?? oneOf)?.[1];
  if (property === undefined) {
    throw advanced.test(text.replace(/'(?:[^']|'')*'/g, "''"))
      ? unsupported(
          "Operator is not supported because the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header. Refer to https://aka.ms/graph-docs/advanced-queries for more information.",
        )
      : badRequest(`Invalid filter clause: ${text}`);
  }
  const name = collection.filterable.find((one) => one.toLowerCase() === property.toLowerCase());
  if (name === undefined) {
    throw unsupported(
      `Unsupported or invalid query filter clause specified for property '${property}' of resource '${collection.type}'.`,
    );
  }
  if (lists.has(name) !== (any !== null)) {
    throw badRequest(
      "A binary operator with incompatible types was detected: of a list is asked what any of it is, and of nothing else.",
    );
  }
  const values = valuesOf(oneOf?.[2] ?? "");
  if (values.length > mostValues) {
    throw unsupported(
      `Too many child clauses specified in search filter expression containing 'OR' operators: ${values.length}. Max allowed: ${mostValues}.`,
    );
  }
  const wanted = plain(equal?.[2] ?? start?.[2] ?? any?.[3] ?? "");
  return (resource) => {
    const value = resource[name];
    if (any) return Array.isArray(value) && value.some((item) => String(item).toLowerCase() === wanted);
    if (typeof value !== "string") return false;
    if (oneOf) return values.includes(value.toLowerCase());
    return equal ? value.toLowerCase() === wanted : value.toLowerCase().startsWith(wanted);
  };
}

/** The strings of a list of literals, as they are compared. */
function valuesOf(literals: string): string[] {
  return [...literals.matchAll(new RegExp(literal, "g"))].map(([, value = ""]) => plain(value));
}

/** A literal's text, as it is compared. */
function plain(text: string): string {
  return text.replaceAll("''", "'").toLowerCase();
}

/** The clauses between ` and `. An ` and ` inside a string separates nothing. */
function splitAnd(text: string): string[] {
  const parts = [""];
  for (const token of text.match(/'(?:[^']|'')*'|\s+and\s+|[^']/gi) ?? []) {
    if (/^\s+and\s+$/i.test(token)) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts.map((part) => part.trim());
}

function unsupported(message: string): GraphRefusal {
  return new GraphRefusal(400, "Request_UnsupportedQuery", message);
}
