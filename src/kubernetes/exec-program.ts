import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import type { ExecPluginPolicy } from "../core/ports/cluster.ts";
import { refused } from "../domain/errors.ts";

/**
 * A program that a kubeconfig names to get a credential from, and how it asks to be run.
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

/** The variables that a process was started with. */
type Variables = Readonly<Record<string, string | undefined>>;

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
export function programFile(command: string, env: Variables = process.env): string | undefined {
  if (/[/\\]/.test(command)) return command;
  const names = process.platform === "win32" ? [command, `${command}.exe`] : [command];
  return (env["PATH"] ?? env["Path"] ?? "")
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
export function knownProgram(command: string, env: Variables = process.env): string | undefined {
  const name = basename(command).replace(process.platform === "win32" ? /\.exe$/i : /$^/, "");
  const file = programFile(command, env);
  return knownPrograms.includes(name) && file !== undefined && file === programFile(name, env)
    ? name
    : undefined;
}

/** What we sign in to Azure with, and whatever an option of ours may hold: no program that a kubeconfig names needs it. */
const ourSecrets = /^(?:(?:AZURE|ACR_PULL)_.*(?:SECRET|PASSWORD|TOKEN)|MSI_SECRET|IDENTITY_HEADER)$/i;

/** The variables for a credential plugin: ours without our secrets, and those that the kubeconfig gives it. */
export function programVariables(
  command: string,
  given: Readonly<Record<string, string>>,
  env: Variables = process.env,
): Record<string, string | undefined> {
  // It signs in to Azure itself, by what these very variables hold: https://azure.github.io/kubelogin/concepts/login-modes/sp.html
  const signsInToAzure = knownProgram(command, env) === "kubelogin";
  const handed = Object.entries(env).filter(([name]) => signsInToAzure || !ourSecrets.test(name));
  return { ...Object.fromEntries(handed), ...given };
}

/** @throws ActionableError `kubernetes.exec-plugin-refused`, exit 2, unless the policy lets the plugin run */
export function checkPlugin({ command }: ExecPlugin, context: string, policy: ExecPluginPolicy): void {
  if (policy === "allow" || (policy === "known" && knownProgram(command) !== undefined)) return;
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
export function unknownPlugin({ command, args }: ExecPlugin): string | undefined {
  if (knownProgram(command) !== undefined) return undefined;
  const shown = args.map((argument, place) => {
    const flag = /^--?[a-z][a-z-]*(?<value>=)?/.exec(argument);
    if (flag) return flag.groups?.["value"] ? `${flag[0]}…` : flag[0];
    const isValue = args[place - 1]?.startsWith("-") === true;
    return !isValue && /^[a-z][a-z-]{0,30}$/.test(argument) ? argument : "…";
  });
  return [programFile(command) ?? command, ...shown].join(" ");
}
