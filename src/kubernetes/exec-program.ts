import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
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

/** Whether the kubeconfig chose the file to run, which acr-pull's own PATH would not find. */
export function isOffPath(command: string, variables: Variables): boolean {
  return programFile(command, variables) !== programFile(basename(command), variables);
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
  const signsInToAzure = /^kubelogin(?:\.exe)?$/i.test(basename(command)) && !isOffPath(command, variables);
  const handed = Object.entries(variables).filter(
    ([name]) => signsInToAzure || !ownSecretVariables.test(name),
  );
  return { ...Object.fromEntries(handed), ...given };
}
