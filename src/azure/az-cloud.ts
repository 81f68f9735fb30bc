import { exec, type ExecException } from "node:child_process";
import { promisify } from "node:util";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Variables } from "../domain/proxy.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { httpsUrl, type Cloud } from "./cloud.ts";

/**
 * Checks that the Azure CLI is set to a cloud. It gives a token for whatever audience it is asked, so another cloud
 * could have itself sent tokens of the one that somebody is signed in to.
 * @param limitMs how long to wait for the Azure CLI
 * @throws ActionableError `azure.wrong-cloud`; an error in the Azure CLI's words if it fails
 */
export async function checkCloudOfCli(
  { resourceManager }: Cloud,
  variables: Variables,
  limitMs: number,
): Promise<void> {
  const command = "az cloud show --query endpoints.resourceManager --output tsv";
  // As the SDK does: by a shell, which finds az.cmd on Windows, and in a folder where nobody can leave an az.
  const cwd = process.platform === "win32" ? (variables["SystemRoot"] ?? "C:\\Windows") : "/bin";
  const { stdout } = await promisify(exec)(command, { cwd, timeout: limitMs }).catch(
    (error: ExecException) => {
      throw new Error(error.stderr?.trim() || error.message, { cause: error });
    },
  );
  const set = stdout.trim();
  if (httpsUrl(set) === resourceManager) return;
  throw new ActionableError(
    `The Azure CLI is set to the cloud of ${set}, not to that of ${resourceManager}, so it is asked for no token.`,
    {
      code: "azure.wrong-cloud",
      hint: [
        "Set it to that cloud, which az cloud list may name, and sign in there: az cloud set --name NAME; az login.",
        `If it does not know the cloud: az cloud register --name NAME --endpoint-resource-manager ${shellQuote(resourceManager)}.`,
      ].join("\n"),
      docs: "https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli",
      exitCode: exitCode.notAllowed,
    },
  );
}
