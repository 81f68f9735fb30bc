import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import type { Variables } from "../domain/proxy.ts";

/**
 * Programs that clouds and identity providers publish for kubeconfigs to name: of AWS, DigitalOcean, Gardener, Google,
 * OpenID Connect, Azure, Oracle, Pinniped, Rancher, Tanzu and Teleport.
 */
export const knownPrograms: readonly string[] = [
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
 * The file that is run for the command of a credential plugin: a path is that file, a name is looked for in our own PATH,
 * not in the one that the kubeconfig gives the plugin, and as by kubectl in no relative folder.
 * @returns undefined where there is none
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

/** Which of the known programs a command runs: by its name, or by the path where our own PATH finds it. */
export function knownProgram(command: string, variables: Variables): string | undefined {
  const name = basename(command).replace(process.platform === "win32" ? /\.exe$/i : /$^/, "");
  const file = programFile(command, variables);
  return knownPrograms.includes(name) && file !== undefined && file === programFile(name, variables)
    ? name
    : undefined;
}

/** What we sign in to Azure with, and whatever an option of ours may hold: no program that a kubeconfig names needs it. */
const ourSecrets = /^(?:(?:AZURE|ACR_PULL)_.*(?:SECRET|PASSWORD|TOKEN)|MSI_SECRET|IDENTITY_HEADER)$/i;

/** The variables for a credential plugin: ours without our secrets, and those that the kubeconfig gives it. */
export function programVariables(
  command: string,
  given: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, string | undefined> {
  // It signs in to Azure itself, by what these very variables hold: https://azure.github.io/kubelogin/concepts/login-modes/sp.html
  const signsInToAzure = knownProgram(command, variables) === "kubelogin";
  const handed = Object.entries(variables).filter(([name]) => signsInToAzure || !ourSecrets.test(name));
  return { ...Object.fromEntries(handed), ...given };
}
