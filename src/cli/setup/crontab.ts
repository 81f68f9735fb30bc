import type { Variables } from "../../domain/proxy.ts";
import { basename, delimiter, dirname, resolve } from "node:path";
import { outputOptions } from "../options/output-options.ts";
import { rehearsedWords, type Shell } from "../show/equivalent-command.ts";
import { isSet, toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";

/** The names that npm gives the links to the program, in the folder that it was told to put them in. */
const programNames: ReadonlySet<string> = new Set(["acr-pull", "kubectl-acr_pull"]);

/**
 * The longest command that cron takes. It refuses the whole crontab if one is longer.
 * Source: MAX_COMMAND in cron.h of Vixie cron, which Debian and macOS have
 */
const longestCommand = 998;

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
  // A made-up world does not exist tomorrow, and the machine that runs a job may not.
  const isPassing = isCiJob(environment) || rehearsedWords(environment).length > 0;
  if (execPath === undefined || isPassing) return [];
  const line = cronCommand(asJob(shell), command);
  if (line.length > longestCommand) return [];
  return [
    [toned("strong", "To renew it from a crontab:")],
    ...variablesOf({ execPath, scriptPath }, environment).map(([name, value]) => `  ${name}=${value}`),
    `  ${schedule} ${line}`,
    "",
    // Source of the second sentence: the headers X-Cron-Env of a mail, in do_command.c of Vixie cron and of cronie
    ...wrapped(
      "It also needs a sign-in that asks nobody: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_CERTIFICATE_PATH there, or add another --auth. Do not set AZURE_CLIENT_SECRET there: cron shows the variables of a crontab in its mails." +
        leftOutText(environment),
      width,
    ),
  ];
}

/** The job's command line, without its namespaces if it is too long: then it takes all keys of the registry. */
function cronCommand(job: Shell, command: (shell: Shell) => string): string {
  // Cron treats a percent sign as the end of the line.
  const lineFor = (shell: Shell) =>
    `${command(shell)} ${outputOptions.quiet.long}`.replaceAll("%", String.raw`\%`);
  const line = lineFor(job);
  if (line.length <= longestCommand) return line;
  const given = new Map(job.given);
  given.delete("namespaces");
  return lineFor({ ...job, given });
}

/**
 * Turns what variables say here into flags, and gives files their full paths: a job starts in another folder. It needs
 * no kubectl, which may be in a folder that cron does not know.
 */
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
  return { ...shell, program: "acr-pull", given, environment: {} };
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
    ...proxyVariables(environment),
  ];
}

/** The proxies, without which the job reaches nothing. One with a password is left out: cron mails its variables. */
function proxyVariables(environment: Shell["environment"]): Array<readonly [string, string]> {
  const proxies = namedIn(environment, proxyNames).filter(([, value]) => !holdsPassword(value));
  return proxies.length === 0 ? [] : [...proxies, ...namedIn(environment, ["NO_PROXY"])];
}

const proxyNames = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/** The variables of these names, in capitals or not. */
function namedIn(
  environment: Shell["environment"],
  names: readonly string[],
): Array<readonly [string, string]> {
  return names
    .flatMap((name) => [name, name.toLowerCase()])
    .flatMap((name) => {
      const value = environment[name];
      return value ? [[name, value] as const] : [];
    });
}

function holdsPassword(proxy: string): boolean {
  return proxy.includes("@");
}

/** Says which proxies the job does not get. Empty if there are none. */
function leftOutText(environment: Shell["environment"]): string {
  return namedIn(environment, proxyNames)
    .filter(([, value]) => holdsPassword(value))
    .map(([name]) => ` ${name} is left out here, because it holds a password: set one that holds none.`)
    .join("");
}

/** Whether this is a job in CI. Unlike other services, Azure Pipelines sets no `CI`. */
function isCiJob(environment: Variables): boolean {
  return isSet(environment["CI"]) || environment["TF_BUILD"] === "True";
}
