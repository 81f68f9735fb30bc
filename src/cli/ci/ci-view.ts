import { exitCode } from "../../domain/exit-code.ts";
import { whyFileFailed } from "../../domain/named-file.ts";
import { oneLine } from "../show/foreign-text.ts";
import type { Failure } from "../show/failure.ts";
import { outputTexts, type OutputTexts } from "../show/outputs.ts";
import type { Terminal } from "../show/terminal.ts";
import type { Detail, View } from "../show/view.ts";
import type { CiService } from "./ci-service.ts";
import { failureSummary, summaryOf } from "./summary.ts";

/** Shows a failure, with its fix, as an annotation of the CI service. */
export function annotateFailure(service: CiService, { stderr }: Terminal, failure: Failure): void {
  const { code, message, hint, docs, requestId } = failure;
  const lines = [
    ...message.split("\n"),
    ...(hint?.split("\n").map((line) => `fix: ${line}`) ?? []),
    ...(docs === undefined ? [] : [`see: ${docs}`]),
    ...(requestId === undefined ? [] : [`request id: ${requestId}`]),
  ];
  stderr.document(`${service.annotation("error", `acr-pull: ${code}`, lines.map(oneLine).join("\n"))}\n`);
}

/** A view that also passes warnings, outputs and a summary to the CI service. */
export function ciView(view: View, service: CiService, { stderr }: Terminal, { quiet }: Detail): View {
  const warn = (text: string) => {
    if (!quiet) stderr.document(`${service.annotation("warning", "acr-pull", oneLine(text))}\n`);
  };
  const publish = (outputs: OutputTexts | undefined, summary: string) => {
    try {
      for (const line of service.publish(outputs, summary)) stderr.document(`${line}\n`);
    } catch (error) {
      warn(`the job's outputs or summary could not be written: ${whyFileFailed(error)}`);
    }
  };
  return {
    ...view,
    report(event) {
      if (event.kind === "note" && event.level === "warning") warn(event.text);
      else view.report(event);
    },
    answer(answer) {
      view.answer(answer);
      // Only a command that looked at clusters and registries has something to say about them.
      if (answer.outputs) publish(outputTexts(answer.outputs), summaryOf(answer));
      if (
        answer.exitCode === exitCode.notInOrder &&
        !answer.failure &&
        answer.document["plan"] === undefined
      ) {
        const text = "Not everything is in order: the output says what is wrong and how to fix it.";
        stderr.document(`${service.annotation("error", `acr-pull ${answer.command}`, text)}\n`);
      }
    },
    failure(command, failure) {
      view.failure(command, failure);
      if (command !== undefined) publish(undefined, failureSummary(command, failure));
    },
  };
}
