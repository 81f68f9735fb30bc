import { randomUUID } from "node:crypto";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { SecretText } from "../../domain/secret-text.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { MadeKey } from "../../domain/state.ts";
import { newTarget } from "../../domain/target-entry.ts";
import type { Step } from "../step.ts";
import { strayKeys } from "../steps/key.ts";
import type { Seen, World } from "../world.ts";

/*
 * What differs if secrets are documents of a repository: they and the state are saved when they are pushed, and somebody
 * else applies them later.
 */

/**
 * The list for documents: nothing is made before it is known that documents can be written.
 * @returns the same list if secrets lie in the cluster
 * @throws ActionableError `state.stray-key`, exit 4
 */
export function forDocuments(seen: Seen, steps: readonly Step[]): Step[] {
  const { documents } = seen;
  if (documents === undefined) return [...steps];
  const passwords = steps.filter(({ kind }) => kind === "password");
  if (passwords.some(({ action }) => action === "create"))
    refuseStrays(
      seen,
      passwords.map(({ name }) => name),
    );
  const written = new Set(
    steps.filter(({ kind, refusal }) => kind === "secret" && !refusal).map(({ name }) => name),
  );
  if (written.size === 0) return [...steps];
  const takesThem: Step = {
    kind: "file",
    action: "check",
    name: documents,
    after: "documents can be written",
    run: (world) => rehearse(world, written),
  };
  return [takesThem, ...steps];
}

/** Each with a password that nobody uses: sealing is the work of a command that somebody else wrote. */
async function rehearse(world: World, places: ReadonlySet<string>): Promise<void> {
  const { cluster, registry, signal, now } = world;
  const plain = { username: "rehearsal", password: new SecretText(randomUUID()) };
  const entry = { plain, expiresAt: now.toISOString() };
  for (const place of places) {
    const [namespace = "", secret = ""] = place.split("/");
    await cluster.rehearsal.createSecret(
      newTarget({ namespace, secret }, registry.loginServer, entry),
      signal,
    );
  }
}

/** Keys that stay until a person says that every document is applied. */
export function notApplied(seen: Seen, keys: readonly MadeKey[]): Step[] {
  return keys.map((key): Step => ({
    kind: "password",
    action: "remove",
    name: key.id,
    before: key.leaked ? "leaked" : "the old one",
    alone: true,
    refusal: new ActionableError(
      `The password ${key.id} works on: the documents with its successor have to be committed and applied first.`,
      {
        code: "rotate.not-applied",
        hint: `Once they are applied everywhere, remove it: ${command(seen, "--finish")}`,
        exitCode: exitCode.incomplete,
      },
    ),
    run: () => Promise.resolve(),
  }));
}

/**
 * Refuses to make a key while another version of the state has one that this one does not know.
 * @param removed ids of keys that go before
 * @throws ActionableError `state.stray-key`, exit 4
 */
export function refuseStrays(seen: Seen, removed: readonly string[] = []): void {
  const ids = strayKeys(seen)
    .map(({ id }) => id)
    .filter((id) => !removed.includes(id));
  if (seen.documents === undefined || ids.length === 0) return;
  throw new ActionableError(
    `There are passwords of this installation that ${seen.place.name} does not name: ${ids.join(", ")}.`,
    {
      code: "state.stray-key",
      hint: `Merge the branch that made them, or remove them: ${command(seen, "--force")}`,
      exitCode: exitCode.incomplete,
    },
  );
}

function command({ documents = "", registry }: Seen, flag: string): string {
  return `acr-pull rotate ${flag} --registry ${shellQuote(registry.loginServer)} --manifest ${shellQuote(documents)}`;
}
