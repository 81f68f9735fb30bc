import { createHash } from "node:crypto";
import type { ComparableAnswer } from "./conversation.ts";

/** An answer as it was received. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly warnings: readonly string[];
  readonly body: Buffer;
}

type JsonObject = Record<string, unknown>;

const uidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const timePattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
const agePattern = /^(?:(?:\d+[smhdy])+|<unknown>)$/;
const generatedName = /\bgen-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g;

const comparedHeaders = [
  "content-type",
  "retry-after",
  "cache-control",
  "x-content-type-options",
  "allow",
  "www-authenticate",
  "location",
  "content-encoding",
];

/** Longer texts are compared by their beginning, length and hash; larger answers not at all. */
const textLimit = 3000;
const answerLimit = 400_000;

/**
 * Makes the answers of one conversation comparable. What naturally differs between servers (UIDs, resource versions,
 * times, the namespace) becomes a token, numbered in the order of its first appearance.
 */
export class Comparing {
  readonly #namespace: string;
  readonly #uids = new Map<string, string>();
  readonly #versions = new Map<string, string>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  comparable({ status, headers, warnings, body }: RawAnswer): ComparableAnswer {
    const shown = comparedHeaders.filter((name) => headers[name] !== undefined);
    const answer = {
      status,
      headers: {
        ...Object.fromEntries(shown.map((name) => [name, headers[name]])),
        "audit-id": "audit-id" in headers,
        date: "date" in headers,
      },
      ...(warnings.length > 0 && { warnings: warnings.map((warning) => this.#text(warning)) }),
    };
    return { ...answer, ...this.#content(body) };
  }

  #content(body: Buffer): Pick<ComparableAnswer, "body" | "text" | "events" | "binary"> {
    if (body.length > answerLimit) {
      return "{[".includes(String.fromCodePoint(body[0] ?? 0))
        ? { body: "<big answer>" }
        : { text: "<big text>" };
    }
    let text: string;
    try {
      text = new TextDecoder("utf8", { fatal: true, ignoreBOM: true }).decode(body);
    } catch {
      return { binary: true };
    }
    const whole = parsed(text);
    if (isObject(whole) && Object.keys(whole).toSorted().join() === "object,type") {
      return { events: [this.#event(whole)] };
    }
    if (whole !== undefined) {
      return { body: this.#walk(whole, [], isObject(whole) ? whole : {}) };
    }
    const lines = text.split("\n").filter(Boolean).map(parsed);
    return lines.length > 0 && lines.every(isObject)
      ? { events: lines.map((line) => this.#event(line)) }
      : { text: this.#text(text) };
  }

  #event(event: JsonObject): JsonObject {
    const { type, object } = event;
    return { type, object: this.#walk(object, [], isObject(object) ? object : {}) };
  }

  #walk(value: unknown, path: readonly string[], top: JsonObject): unknown {
    if (Array.isArray(value)) {
      return value.map((item, index) => this.#walk(item, [...path, String(index)], top));
    }
    if (isObject(value)) {
      const entries = Object.entries(value).map(([field, child]) => [
        this.#text(field),
        this.#field(child, [...path, field], top),
      ]);
      return Object.fromEntries(entries) as JsonObject;
    }
    if (typeof value === "string") {
      return path.includes("cells") && agePattern.test(value) ? "<age>" : this.#text(value);
    }
    return value;
  }

  #field(value: unknown, path: readonly string[], top: JsonObject): unknown {
    const [field, parent] = [path.at(-1), path.at(-2)];
    if (field === "resourceVersion" && parent === "metadata" && /^\d+$/.test(String(value))) {
      const kind = typeof top["kind"] === "string" ? top["kind"] : "";
      const ofList = kind.endsWith("List") || ["Table", "Status", ""].includes(kind);
      return path.length === 2 && ofList ? "<listrv>" : this.#numbered(this.#versions, "rv", String(value));
    }
    return field === "continue" ? "<token>" : this.#walk(value, path, top);
  }

  #text(text: string): string {
    const replaced = text
      .replaceAll("admin-user", "admin")
      .replaceAll(uidPattern, (uid) => this.#numbered(this.#uids, "uid", uid))
      .replaceAll(timePattern, "<time>")
      .replaceAll(/(?<!\d)\d{3,}(?!\d)/g, (number) => this.#versions.get(number) ?? number)
      .replaceAll(this.#namespace, "<ns>")
      .replaceAll(generatedName, "gen-<rand>");
    const letters = Array.from(replaced);
    if (letters.length <= textLimit) {
      return replaced;
    }
    const hash = createHash("sha1").update(replaced).digest("hex").slice(0, 8);
    return `${letters.slice(0, 200).join("")}<len ${letters.length} sha ${hash}>`;
  }

  #numbered(known: Map<string, string>, what: string, value: string): string {
    const token = known.get(value) ?? `<${what}${known.size + 1}>`;
    known.set(value, token);
    return token;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
