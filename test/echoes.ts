import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ChildProcess } from "node:child_process";
import type { ClientRequest } from "node:http";
import type { Sandbox } from "../src/sandbox/sandbox.ts";

/** What a run sent and started, for whoever looks for secrets in what it left. */
export interface Watched {
  /** Each credential that went out in an Authorization header. */
  readonly credentials: ReadonlySet<string>;
  /** Command lines of the programs it started. */
  readonly commandLines: readonly string[];
}

/** Watches what this process sends and starts while some work goes on. */
export async function watching<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly watched: Watched }> {
  const credentials = new Set<string>();
  const commandLines: string[] = [];
  const onRequest = (message: unknown) => {
    const sent = (message as { readonly request: ClientRequest }).request.getHeader("authorization");
    const [, scheme, credential] = /^(\w+) (.*)$/.exec(String(sent ?? "")) ?? [];
    if (credential === undefined) return;
    credentials.add(credential);
    if (scheme === "Basic")
      credentials.add(Buffer.from(credential, "base64").toString().replace(/^.*?:/, ""));
  };
  const onChild = (message: unknown) => {
    commandLines.push((message as { readonly process: ChildProcess }).process.spawnargs.join(" "));
  };
  subscribe("http.client.request.start", onRequest);
  subscribe("child_process", onChild);
  try {
    return { result: await work(), watched: { credentials, commandLines } };
  } finally {
    unsubscribe("http.client.request.start", onRequest);
    unsubscribe("child_process", onChild);
  }
}

/** Every password and token of a sandbox, those that are over too. */
export function secretsOf({ world, environment }: Sandbox): string[] {
  return [
    environment["AZURE_CLIENT_SECRET"] ?? "",
    ...[...world.applications, ...world.servicePrincipals].flatMap(({ passwords }) =>
      passwords.map(({ secretText }) => secretText),
    ),
    ...world.clusters.flatMap(({ users }) => users.map(({ token }) => token)),
  ];
}

/** Looks for pieces of secrets in texts, in every form that the echoes of a sandbox have. */
export class Search {
  readonly #pieces = new Map<number, Set<string>>();

  /** @param length characters of a secret that count as a piece of it */
  constructor(secrets: Iterable<string>, length: number) {
    for (const secret of new Set(secrets)) {
      // The first part of a signed token is the same in all of them, and no secret.
      const told = secret.startsWith("eyJ") ? secret.slice(secret.indexOf(".") + 1) : secret;
      for (const piece of windows(told, length)) for (const form of formsOf(piece)) this.#add(form);
      // However it begins, so long a part of base64 holds that many characters of the secret whole.
      const inBase64 = Math.ceil((8 * length + 7) / 6);
      for (const before of [0, 1, 2]) {
        const digits = Buffer.from("x".repeat(before) + told).toString("base64");
        // The first and the last may hold bits of what stands beside the secret.
        const own = digits.slice(before + 1, -4);
        for (const piece of windows(own, inBase64)) {
          this.#add(piece);
          this.#add(piece.replaceAll("+", "-").replaceAll("/", "_"));
        }
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

  #add(form: string): void {
    const pieces = this.#pieces.get(form.length) ?? new Set();
    pieces.add(form);
    this.#pieces.set(form.length, pieces);
  }
}

function* windows(text: string, length: number): Iterable<string> {
  for (let at = 0; at + length <= text.length; at += 1) yield text.slice(at, at + length);
}

/** A piece as it is, as it stands in JSON and in a URL, and in hex. */
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
