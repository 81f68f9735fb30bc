import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ChildProcess } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Sandbox } from "../src/sandbox/sandbox.ts";

/** The credentials that runs sent and the programs that they started, for a search for secrets in what they left. */
export interface Watched {
  /** Each credential that came in an Authorization header. */
  readonly credentials: ReadonlySet<string>;
  /** Command lines of the programs that this process started. */
  readonly commandLines: readonly string[];
}

/** Watches the requests to this process's servers, and the programs that it starts, while some work runs. */
export async function watching<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly watched: Watched }> {
  const credentials = new Set<string>();
  const children: ChildProcess[] = [];
  const onRequest = (message: unknown) => {
    const { authorization = "" } = (message as { readonly request: IncomingMessage }).request.headers;
    const [, scheme, credential] = /^(\w+) (.*)$/.exec(authorization) ?? [];
    if (credential === undefined) return;
    credentials.add(credential);
    if (scheme === "Basic")
      credentials.add(Buffer.from(credential, "base64").toString().replace(/^.*?:/, ""));
  };
  const onChild = (message: unknown) => {
    children.push((message as { readonly process: ChildProcess }).process);
  };
  // https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html#built-in-channels
  subscribe("http.server.request.start", onRequest);
  subscribe("child_process", onChild);
  try {
    const result = await work();
    const commandLines = children.map(({ spawnargs }) => spawnargs.join(" "));
    return { result, watched: { credentials, commandLines } };
  } finally {
    unsubscribe("http.server.request.start", onRequest);
    unsubscribe("child_process", onChild);
  }
}

/** Every password and token of a sandbox, even those that no longer work. */
export function secretsOf({ world, environment }: Sandbox): string[] {
  return [
    environment["AZURE_CLIENT_SECRET"] ?? "",
    ...[...world.applications, ...world.servicePrincipals].flatMap(({ passwords }) =>
      passwords.map(({ secretText }) => secretText),
    ),
    ...world.clusters.flatMap(({ users }) => users.map(({ token }) => token)),
  ];
}

/** Searches texts for pieces of secrets, in every form in which a sandbox can echo them. */
export class Search {
  readonly #pieces = new Map<number, Set<string>>();

  /** @param length how many characters of a secret count as a piece of it */
  constructor(secrets: Iterable<string>, length: number) {
    for (const secret of new Set(secrets)) {
      const [header, claims = "", signature = ""] = secret.split(".");
      if (header?.startsWith("eyJ")) {
        // The first part of a signed token is the same in all of them. The second is base64, and other texts in
        // base64 may hold the same word. Only a piece that is longer than a word reveals the token.
        this.#addPieces(claims, 2 * length);
        this.#addPieces(signature, length);
      } else {
        this.#addPieces(secret, length);
      }
    }
  }

  /** The first piece that is found. */
  in(text: string): string | undefined {
    for (const [length, pieces] of this.#pieces) {
      for (const piece of windows(text, length)) if (pieces.has(piece)) return piece;
    }
    return undefined;
  }

  #addPieces(secret: string, length: number): void {
    for (const piece of windows(secret, length)) for (const form of formsOf(piece)) this.#add(form);
    // At any offset, this many digits of base64 hold that many whole characters of the secret.
    const inBase64 = Math.ceil((8 * length + 7) / 6);
    for (const before of [0, 1, 2]) {
      const digits = Buffer.from("x".repeat(before) + secret).toString("base64");
      // The first and the last digit may hold bits of what is next to the secret.
      for (const piece of windows(digits.slice(before + 1, -4), inBase64)) {
        this.#add(piece);
        this.#add(piece.replaceAll("+", "-").replaceAll("/", "_"));
      }
    }
  }

  #add(form: string): void {
    const pieces = this.#pieces.get(form.length) ?? new Set();
    pieces.add(form);
    this.#pieces.set(form.length, pieces);
  }
}

function* windows(text: string, length: number): Iterable<string> {
  for (let at = 0; at + length <= text.length; at += 1) yield text.slice(at, at + length);
}

/** A piece as it is, as JSON and a URL write it, and in hex. */
function formsOf(piece: string): string[] {
  const hex = Buffer.from(piece).toString("hex");
  const inForm = new URLSearchParams([["", piece]]).toString().slice(1);
  return [
    piece,
    JSON.stringify(piece).slice(1, -1),
    encodeURIComponent(piece),
    inForm,
    hex,
    hex.toUpperCase(),
  ];
}
