import { runInProcess, runProgram, type Run, type RunOptions } from "./program.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";

/** Every form in which a secret of a sandbox could appear in an output, with a description of the secret. */
function forbidden({ world }: Sandbox): Map<string, string> {
  const found = new Map<string, string>();
  const add = (what: string, text: string) => {
    found.set(text, what);
    const bytes = Buffer.from(text);
    // As a header or a secret's data would hold it, with and without padding and in the URL's alphabet.
    for (const encoding of ["base64", "base64url"] as const) {
      found.set(bytes.toString(encoding).replace(/=+$/, ""), `${what}, in ${encoding}`);
    }
  };
  for (const owner of [...world.applications, ...world.servicePrincipals]) {
    for (const { secretText } of owner.passwords) {
      add(`a password of ${owner.displayName}`, secretText);
      add(`a password of ${owner.displayName}, with its user name`, `${owner.appId}:${secretText}`);
    }
  }
  for (const { context, users } of world.clusters) {
    for (const { token } of users) add(`the token of context ${context}`, token);
  }
  return found;
}

/** A signed token of any service: three parts, of which the first two are JSON objects in base64. */
const jwt = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}/;

/** The secrets of a sandbox that a text reveals, each described in words. */
export function secretsIn(text: string, sandbox: Sandbox, more: readonly string[] = []): string[] {
  const all = forbidden(sandbox);
  for (const one of more) all.set(one, "a secret of the test");
  const spoken = [...all].filter(([form]) => text.includes(form)).map(([, what]) => what);
  return jwt.test(text) ? [...spoken, "an access token"] : spoken;
}

/** Characters that a terminal would act on or not show: C0 except the newline, DEL, C1, marks that reorder or hide. */
// oxlint-disable-next-line no-control-regex
export const unprintable =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;

/**
 * Runs the real program as `runProgram` does, and fails if the output holds a secret, a character that a terminal
 * would act on or, without `--debug`, a stack trace.
 * @param more.secrets further texts that must not be in the output
 */
export async function runSafely(
  sandbox: Sandbox,
  args: readonly string[],
  { secrets = [], ...options }: RunOptions & { readonly secrets?: readonly string[] } = {},
): Promise<Run> {
  const run = await runProgram(sandbox, args, options);
  checkSaid(run, args, sandbox, secrets);
  return run;
}

/** The same in this process, with all pauses cut short. */
export async function runHurried(
  sandbox: Sandbox,
  args: readonly string[],
  { secrets = [], ...options }: RunOptions & { readonly secrets?: readonly string[] } = {},
): Promise<Run> {
  const run = await runInProcess(sandbox, args, { ...options, hurried: true });
  checkSaid(run, args, sandbox, secrets);
  return run;
}

/** @throws Error if the output of a run holds what `runSafely` forbids */
function checkSaid(
  { stdout, stderr }: Pick<Run, "stdout" | "stderr">,
  args: readonly string[],
  sandbox: Sandbox,
  secrets: readonly string[],
): void {
  const said = stdout + stderr;
  const spoken = secretsIn(said, sandbox, secrets);
  if (spoken.length > 0) throw new Error(`the output of ${args.join(" ")} tells ${spoken.join("; ")}`);
  const strange = unprintable.exec(said);
  if (strange)
    throw new Error(`the output of ${args.join(" ")} holds ${JSON.stringify(strange[0])}:\n${said}`);
  if (!args.includes("--debug") && /^\s+at .*:\d+/m.test(said))
    throw new Error(`a stack was shown:\n${said}`);
}
