import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import type { ExecPluginPolicy } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import type { Variables } from "../domain/proxy.ts";

/**
 * A program that a kubeconfig names to get a credential from, and how to run it.
 * Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#ExecConfig
 */
export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly interactiveMode: string | undefined;
  readonly provideClusterInfo: boolean;
  readonly installHint: string | undefined;
}

/**
 * Programs that clouds and identity providers publish for kubeconfigs to name: AWS, DigitalOcean, Gardener, Google,
 * OpenID Connect, Azure, Oracle, Pinniped, Rancher, Tanzu and Teleport.
 */
const knownPrograms: readonly string[] = [
  "aws",
  "aws-iam-authenticator",
  "doctl",
  "gardenlogin",
  "gke-gcloud-auth-plugin",
  "kubectl-oidc_login",
  "kubelogin",
  "oci",
  "pinniped",
  "rancher",
  "tanzu",
  "tsh",
];

/**
 * The file to run for a plugin's command. A path is that file. A name is looked up in our own PATH, not in one that
 * the kubeconfig sets, and, as with kubectl, in no relative folder.
 * @returns undefined if there is none
 */
export function programFile(command: string, variables: Variables): string | undefined {
  if (/[/\\]/.test(command)) return command;
  const names = process.platform === "win32" ? [command, `${command}.exe`] : [command];
  return (variables["PATH"] ?? variables["Path"] ?? "")
    .split(delimiter)
    .filter(isAbsolute)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The known program that a command runs, by its name or by the path where our own PATH finds it; undefined for
 * others.
 */
function knownProgram(command: string, variables: Variables): string | undefined {
  const name = basename(command).replace(process.platform === "win32" ? /\.exe$/i : /$^/, "");
  const file = programFile(command, variables);
  return knownPrograms.includes(name) && file !== undefined && file === programFile(name, variables)
    ? name
    : undefined;
}

/**
 * Variables that we sign in to Azure with, or that may hold an option of ours: no program that a kubeconfig names
 * needs them.
 */
const ourSecrets = /^(?:(?:AZURE|ACR_PULL)_.*(?:SECRET|PASSWORD|TOKEN)|MSI_SECRET|IDENTITY_HEADER)$/i;

/** The variables for a plugin: ours without our secrets, and those that the kubeconfig sets. */
export function programVariables(
  command: string,
  given: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, string | undefined> {
  // kubelogin signs in to Azure with these very variables:
  // https://azure.github.io/kubelogin/concepts/login-modes/sp.html
  const signsInToAzure = knownProgram(command, variables) === "kubelogin";
  const handed = Object.entries(variables).filter(([name]) => signsInToAzure || !ourSecrets.test(name));
  return { ...Object.fromEntries(handed), ...given };
}

/** @throws ActionableError `kubernetes.exec-plugin-refused`, exit 2, unless the policy lets the plugin run */
export function checkPlugin(
  { command }: ExecPlugin,
  { context, variables }: { readonly context: string; readonly variables: Variables },
  policy: ExecPluginPolicy,
): void {
  if (policy === "allow" || (policy === "known" && knownProgram(command, variables) !== undefined)) return;
  const known = `Known programs, where the PATH finds them: ${knownPrograms.join(", ")}. `;
  throw refused(
    "kubernetes.exec-plugin-refused",
    `Context ${context} signs in with the program ${JSON.stringify(command)}, which --exec-plugins ${policy} does not allow.`,
    `${policy === "known" ? known : ""}--exec-plugins allow runs it: a kubeconfig can name any program, so make sure that you trust whoever wrote it.`,
    "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
  );
}

/**
 * What to report of a plugin before it runs; undefined for a known one. Arguments may be secrets, so only words that
 * say what it does are shown.
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
