import pMap from "p-map";
import { ActionableError } from "../../domain/errors.ts";
import { targetName } from "../turn/pull-secret.ts";
import { writable, type Target } from "../cluster/read-targets.ts";
import { ensureLink } from "../cluster/service-account.ts";
import type { JobWork } from "./job-work.ts";
import { atOnce } from "../at-once.ts";

/**
 * Adds the secret to the service accounts of the targets that were written. A failure is recorded, and the other
 * accounts are linked all the same.
 */
export async function linkAccounts(work: JobWork): Promise<void> {
  const isFailed = (target: Target) => work.turn.written.get(targetName(target))?.action === "failed";
  const links = work.job.targets.flatMap(({ target, links }) =>
    isFailed(target) ? [] : links.map((one) => ({ ...one, target })),
  );
  const total = links.filter(({ finding }) => !finding?.linked).length;
  const linked: string[] = [];
  if (total > 0) work.started("service-accounts", `Linking ${describe(total)}`);
  await pMap(
    links,
    async ({ link, finding, target }) => {
      const { account } = link;
      if (finding?.linked) {
        work.record.links.push({ target, account, action: "unchanged" });
        return;
      }
      work.record.wrote = true;
      try {
        const action = await ensureLink(writable(link, work.ports), work.ports.clock, work.signal);
        work.record.links.push({ target, account, action });
        linked.push(`${target.cluster.context}/${target.namespace}/${account}`);
        work.progress("service-accounts", linked.length, total, "service accounts linked");
      } catch (error) {
        if (!(error instanceof ActionableError) || work.signal.aborted) throw error;
        work.record.links.push({ target, account, action: "failed", error });
        const text = `The service account ${account} of ${targetName(target)} was not linked: ${error.message}`;
        work.report({ kind: "failed", id: `service-account ${targetName(target)} ${account}`, text });
      }
    },
    atOnce,
  );
  const [first] = linked;
  if (first === undefined) work.ended("service-accounts");
  else {
    const what = linked.length === 1 ? `the service account ${first}` : describe(linked.length);
    work.done("service-accounts", `Linked ${what}`);
  }
}

function describe(count: number): string {
  return `${count} ${count === 1 ? "service account" : "service accounts"}`;
}
