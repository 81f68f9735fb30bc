import type { SetupPlan } from "../core/flows/setup-contract.ts";
import type { CommandContext } from "./command.ts";
import { planLines } from "./views/plan-lines.ts";

/**
 * Shows a plan and asks whether to carry it out; with `--yes` it is only shown when much is to be told. Where
 * nobody can be asked, `--yes` was demanded before anything else.
 */
export async function approve(
  plan: SetupPlan,
  given: { readonly yes: boolean; readonly verbose: boolean },
  context: Pick<CommandContext, "terminal" | "view" | "signal">,
): Promise<boolean> {
  const { terminal, view, signal } = context;
  if (given.yes && !given.verbose) {
    for (const text of plan.warnings) view.report({ kind: "note", level: "warning", text });
    return true;
  }
  view.notice(planLines(plan, terminal.stderr.width));
  if (given.yes) return true;
  if (!terminal.interactive) return false;
  const { openPrompter } = await import("./prompts/open-prompter.ts");
  const prompter = await openPrompter(terminal, signal);
  return await prompter.confirm("Carry this out?");
}
