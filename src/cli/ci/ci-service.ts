import type { Variables } from "../../domain/proxy.ts";
import type { OutputTexts } from "../show/outputs.ts";
import { isSet } from "../show/terminal.ts";

/** What a CI service accepts from a program that runs in one of its jobs. */
export interface CiService {
  /** The line that makes it show a text beside the log. The text is clean, and may have several lines. */
  annotation(level: "warning" | "error", title: string, text: string): string;
  /**
   * Passes on what later steps read, and Markdown to show with the run.
   * @returns lines to print for it
   * @throws Error of Node if a file that the service names cannot be written
   */
  publish(outputs: OutputTexts | undefined, summary: string): readonly string[];
}

/** The service that runs this job; undefined anywhere else, where nothing is loaded for it. */
export async function ciServiceIn(environment: Variables): Promise<CiService | undefined> {
  // https://docs.github.com/actions/reference/workflows-and-actions/variables
  if (environment["GITHUB_ACTIONS"] === "true") {
    return (await import("./github-actions.ts")).githubActions(environment);
  }
  if (isAzurePipelines(environment)) {
    return (await import("./azure-pipelines.ts")).azurePipelines(environment);
  }
  return undefined;
}

/** Whether this is a job in CI. Unlike other services, Azure Pipelines sets no `CI`. */
export function isCiJob(environment: Variables): boolean {
  return isSet(environment["CI"]) || isAzurePipelines(environment);
}

/** Source: https://learn.microsoft.com/azure/devops/pipelines/build/variables */
function isAzurePipelines(environment: Variables): boolean {
  return environment["TF_BUILD"] === "True";
}
