import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import type { ExecPluginPolicy } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import type { Variables } from "../domain/proxy.ts";

/**
 * A program from which a kubeconfig gets a credential, and how to run it.
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
 * The file to run for a plugin's command. A path is used as it is. A name is looked up in acr-pull's own PATH, not in
 * one that the kubeconfig sets. As with kubectl, relative folders are skipped.
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
 * The known program that a command runs, by name or by the path where acr-pull's own PATH finds it; undefined for any
 * other program.
 */
function knownProgram(command: string, variables: Variables): string | undefined {
  const name = basename(command).replace(process.platform === "win32" ? /\.exe$/i : /$^/, "");
  const file = programFile(command, variables);
  return knownPrograms.includes(name) && file !== undefined && file === programFile(name, variables)
    ? name
    : undefined;
}

/**
 * Variables with which acr-pull signs in to Azure, or which may hold one of its options. No program that a kubeconfig
 * names needs them, except kubelogin.
 */
const ownSecretVariables = /^(?:(?:AZURE|ACR_PULL)_.*(?:SECRET|PASSWORD|TOKEN)|MSI_SECRET|IDENTITY_HEADER)$/i;

/** The variables for a plugin: acr-pull's own without its secrets, and those that the kubeconfig sets. */
export function programVariables(
  command: string,
  given: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, string | undefined> {
  // kubelogin signs in to Azure with the same variables:
  // https://azure.github.io/kubelogin/concepts/login-modes/sp.html
  const signsInToAzure = knownProgram(command, variables) === "kubelogin";
  const handed = Object.entries(variables).filter(
    ([name]) => signsInToAzure || !ownSecretVariables.test(name),
  );
  return { ...Object.fromEntries(handed), ...given };
}

/** @throws ActionableError `kubernetes.exec-plugin-refused`, exit 2, unless the policy lets the plugin run */
export function checkPlugin(
  { command }: ExecPlugin,
  { context, variables }: { readonly context: string; readonly variables: Variables },
  policy: ExecPluginPolicy,
): void {
  if (policy === "allow" || (policy === "known" && knownProgram(command, variables) !== undefined)) return;
  const known = `Known programs, if they are in the PATH: ${knownPrograms.join(", ")}. `;
  throw refused(
    "kubernetes.exec-plugin-refused",
    `Context ${context} signs in with the program ${JSON.stringify(command)}, which --exec-plugins ${policy} does not allow.`,
    `${policy === "known" ? known : ""}--exec-plugins allow runs it: a kubeconfig can name any program, so make sure that you trust its author.`,
    "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
  );
}

/**
 * What to report about a plugin before it runs; undefined for a known one. Arguments may be secrets, so only those that
 * are plain words, and the names of flags, are shown.
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
