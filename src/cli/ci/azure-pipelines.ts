import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Variables } from "../../domain/proxy.ts";
import { append } from "../append-file.ts";
import type { CiService } from "./ci-service.ts";

/**
 * Azure Pipelines. Names of its variables have no dash, so the outputs are named as in the JSON output.
 * Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands, and `taskcommand.ts` of
 * https://github.com/microsoft/azure-pipelines-task-lib for the escaping
 */
export function azurePipelines(environment: Variables): CiService {
  return {
    annotation: (level, title, text) => command(`task.logissue type=${level}`, `${title}: ${text}`),
    publish(outputs, summary) {
      // As an output, so that it hides no variable with the same name: a later step reads $(STEP.changed).
      const lines = Object.entries(outputs ?? {}).map(([name, value]) =>
        command(`task.setvariable variable=${property(name)};isoutput=true`, String(value)),
      );
      const { AGENT_TEMPDIRECTORY: folder } = environment;
      if (!folder) return lines;
      // The agent empties this folder after each job.
      const file = join(folder, `acr-pull-${randomUUID()}.md`);
      append(file, summary);
      return [...lines, command("task.uploadsummary", file)];
    },
  };
}

function command(name: string, text: string): string {
  return `##vso[${name}]${data(text)}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%AZP25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll("]", "%5D").replaceAll(";", "%3B");
}
