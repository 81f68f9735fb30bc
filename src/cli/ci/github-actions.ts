import type { Variables } from "../../domain/proxy.ts";
import { append } from "../append-file.ts";
import type { CiService } from "./ci-service.ts";

/**
 * GitHub Actions.
 * Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands, and `command.ts` of
 * https://github.com/actions/toolkit for the escaping
 */
export function githubActions(environment: Variables): CiService {
  return {
    annotation: (level, title, text) => `::${level} title=${property(title)}::${data(text)}`,
    publish({ changed, keyId, expiresAt } = { changed: "" }, summary) {
      const { GITHUB_OUTPUT: outputFile, GITHUB_STEP_SUMMARY: summaryFile } = environment;
      const outputs = { changed, "key-id": keyId, "expires-at": expiresAt };
      const lines = Object.entries(outputs).flatMap(([name, value]) => (value ? [`${name}=${value}\n`] : []));
      if (outputFile && lines.length > 0) append(outputFile, lines.join(""));
      if (summaryFile) append(summaryFile, summary);
      return [];
    },
  };
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
