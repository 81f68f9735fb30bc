import type { RemovePlan } from "../../core/remove/contract.ts";
import { approve } from "../ask/approval.ts";
import type { CommandContext } from "../command.ts";
import { planLines } from "../show/plan-lines.ts";
import { shownPlan } from "./shown-plan.ts";

/**
 * Shows what would be removed and, at a terminal, has the registry's name typed: nobody agrees to that by Enter alone.
 * With `--yes` nothing is asked.
 */
export async function approveRemoval(
  plan: RemovePlan,
  given: { readonly yes: boolean; readonly verbose: boolean },
  context: Pick<CommandContext, "terminal" | "view" | "signal">,
): Promise<boolean> {
  const { terminal, view, signal } = context;
  if (given.yes || !terminal.interactive) return approve(shownPlan(plan), given, context);
  view.notice([...planLines(shownPlan(plan), terminal.stderr.width), ""]);
  const { openPrompter } = await import("../ask/prompter.ts");
  const prompter = await openPrompter(terminal, signal);
  const names = new Set([plan.registryName, plan.loginServer]);
  const reply = await prompter.text({
    message: `To remove this, type the registry's name: ${plan.registryName}`,
    canGoBack: false,
    preset: "",
    ifEmpty: "stop here, nothing was written",
    check: (text) =>
      Promise.resolve(
        text === "" || names.has(text)
          ? undefined
          : `That is not ${plan.registryName}; nothing typed stops here.`,
      ),
  });
  return reply.kind === "answer" && names.has(reply.value);
}
