import { basename, delimiter, dirname, resolve } from "node:path";
import { outputOptions } from "../options/output-options.ts";
import { rehearsedWords, type Shell } from "../show/equivalent-command.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";

/** The names that npm gives the links to the program, in the folder that it was told to put them in. */
const programNames: ReadonlySet<string> = new Set(["acr-pull", "kubectl-acr_pull"]);

/** Where programs are, apart from Node's folder. */
const usualFolders = ["/usr/local/bin", "/usr/bin", "/bin"];

/**
 * The same job as lines of a crontab, whose commands see nothing of the environment in which they were made.
 * @param command makes the job's command line from the options of a shell
 */
export function crontabLines(
  schedule: string,
  shell: Shell,
  command: (shell: Shell) => string,
  width: number,
): Line[] {
  const { execPath, scriptPath, environment } = shell;
  // A made-up world does not exist tomorrow.
  if (execPath === undefined || rehearsedWords(environment).length > 0) return [];
  const line = `${command(asJob(shell))} ${outputOptions.quiet.long}`;
  return [
    [toned("strong", "To renew it from a crontab:")],
    ...variablesOf({ execPath, scriptPath }, environment).map(([name, value]) => `  ${name}=${value}`),
    // Cron treats a percent sign as the end of the line.
    `  ${schedule} ${line.replaceAll("%", "\\%")}`,
    "",
    ...wrapped(
      "It also needs a sign-in that asks nobody: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET there, or add another --auth.",
      width,
    ),
  ];
}

/** Turns what variables say here into flags, and gives files their full paths: a job starts in another folder. */
function asJob(shell: Shell): Shell {
  const given = new Map(
    [...shell.given].map(([name, { texts, source }]) => [
      name,
      {
        texts: name === "kubeconfig" ? texts.map((file) => resolve(file)) : texts,
        source: source === "variable" ? ("flag" as const) : source,
      },
    ]),
  );
  return { ...shell, given, environment: {} };
}

function variablesOf(
  { execPath, scriptPath = "" }: { readonly execPath: string; readonly scriptPath?: string | undefined },
  environment: Shell["environment"],
): Array<readonly [string, string]> {
  const isInstalled = programNames.has(basename(scriptPath));
  const folders = [
    ...new Set([...(isInstalled ? [dirname(scriptPath)] : []), dirname(execPath), ...usualFolders]),
  ];
  const files = (text: string) =>
    text
      .split(delimiter)
      .filter(Boolean)
      .map((file) => resolve(file))
      .join(delimiter);
  return [
    ["PATH", folders.join(delimiter)],
    ...["KUBECONFIG", "NODE_EXTRA_CA_CERTS"].flatMap((name) => {
      const value = environment[name];
      return value ? [[name, files(value)] as const] : [];
    }),
  ];
}
