import type { ResultRotation, RetireBlock } from "../../core/rotate/contract.ts";
import type { NextCommands } from "./next-commands.ts";

/** Why an old key stays, in words, and what would allow its retirement. */
interface BlockRemedy {
  readonly why: string;
  readonly fix: string;
  readonly commands: readonly string[];
}

/** What would allow a key to be retired, for each thing that may block it. */
export function remediesOf(
  { replaced, appId }: Pick<ResultRotation, "replaced" | "appId">,
  commands: NextCommands,
): Readonly<Record<RetireBlock, BlockRemedy>> {
  const removal = `az ad app credential delete --id ${appId} --key-id ${replaced ?? "KEY_ID"}`;
  return {
    "cannot-see-all-namespaces": {
      why: "secrets may not be listed cluster-wide, so a secret that was not seen may hold it",
      fix: "It ends by itself. When its time is over, and if no other secret holds it, this removes it:",
      commands: [removal],
    },
    "still-held": {
      why: "a secret that could not be written still holds it",
      fix: `Fix the cause, and run the same command again:`,
      commands: [commands.again],
    },
    "key-not-ours": {
      why: "acr-pull did not make it for this cluster, so others may use it",
      fix: "If nobody does, remove it:",
      commands: [removal],
    },
    "key-unknown": {
      why: "it was given by hand, and it is not known which of the application's keys it is",
      fix: "Look up its id. If nobody else uses the key, remove it:",
      commands: [`az ad app credential list --id ${appId}`, removal],
    },
    "not-applied": {
      why: "the cluster holds its password until the manifest is applied",
      fix: "Commit the manifest and let it sync, then:",
      commands: [commands.finish],
    },
    "not-yet-refused": {
      why: "the directory has removed it, but it is not refused everywhere yet",
      fix: "This takes a while. To see whether it is done:",
      commands: [commands.finish],
    },
  };
}
