import { refused } from "../domain/errors.ts";
import type { Variables } from "../domain/proxy.ts";
import type { ExecPlugin } from "./exec-plugin.ts";
import { knownProgram, knownPrograms, programFile } from "./exec-program.ts";
import type { Connection } from "./kubeconfig.ts";

/**
 * Which programs a kubeconfig may name to sign in by: any, those that clouds publish, or none. kubectl has the same three
 * in its own preferences: https://kubernetes.io/docs/reference/kubectl/kuberc/#credential-plugin-policy
 */
export type ExecPluginPolicy = "allow" | "known" | "deny";

/** @throws ActionableError `kubernetes.exec-plugin-refused`, exit 2, unless the policy lets the plugin run */
export function checkPlugin(
  { command }: ExecPlugin,
  { context, variables }: Pick<Connection, "context" | "variables">,
  policy: ExecPluginPolicy,
): void {
  if (policy === "allow" || (policy === "known" && knownProgram(command, variables) !== undefined)) return;
  const known = `Known are, where the PATH finds them: ${knownPrograms.join(", ")}. `;
  throw refused(
    "kubernetes.exec-plugin-refused",
    `Context ${context} signs in by the program ${JSON.stringify(command)}, which --exec-plugins ${policy} does not let run.`,
    `${policy === "known" ? known : ""}With --exec-plugins allow it is run: a kubeconfig can name any program, so trust who wrote it.`,
    "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
  );
}

/**
 * What is told of a plugin before it runs; undefined for a known one. Arguments may be secrets, and are left out but for
 * the words that say what is done.
 */
export function unknownPlugin({ command, args }: ExecPlugin, variables: Variables): string | undefined {
  if (knownProgram(command, variables) !== undefined) return undefined;
  const shown = args.map((argument, place) => {
    const flag = /^--?[a-z][a-z-]*(?<value>=)?/.exec(argument);
    if (flag) return flag.groups?.["value"] ? `${flag[0]}…` : flag[0];
    const isValue = args[place - 1]?.startsWith("-") === true;
    return !isValue && /^[a-z][a-z-]{0,30}$/.test(argument) ? argument : "…";
  });
  return [programFile(command, variables) ?? command, ...shown].join(" ");
}
