import { dayText } from "../identity/client-secret.ts";
import { nameOf, ownerName } from "../identity/directory-names.ts";
import type { StatusResult } from "./contract.ts";
import type { DirectoryFacts } from "./ask-directory.ts";

/** What will hurt one day about the applications that secrets name. */
export function applicationWarnings(directory: DirectoryFacts): StatusResult["warnings"] {
  return [...directory].flatMap(
    ([appId, { application, owners, principal, certificates, policy, unread }]) => {
      if (!application) return [];
      const [only, ...others] = owners ?? [];
      const said: Array<StatusResult["warnings"][number]> = [];
      if (only?.kind === "user" && others.length === 0) {
        said.push({
          code: "application.one-owner",
          appId,
          message: `${nameOf(application)} has one owner, the user ${ownerName(only)}: when that person leaves, nobody who is not an administrator can renew its password. Add another by acr-pull setup --owner OBJECT_ID`,
        });
      }
      if (typeof principal === "object" && principal.passwords.length + (certificates ?? 0) > 0) {
        said.push({
          code: "service-principal.own-credentials",
          appId,
          message: `The service principal of ${nameOf(application)} has credentials of its own beside the application's, which acr-pull did not make, and does not rotate`,
        });
      }
      if (policy?.passwords === "forbidden") {
        const { forbiddenToMadeAfter: after } = policy;
        const ends = application.passwords.flatMap(({ endDateTime }) => endDateTime?.getTime() ?? []);
        const last = ends.length === 0 ? "" : `: its key ends on ${dayText(new Date(Math.max(...ends)))}`;
        said.push({
          code: "application.passwords-forbidden",
          appId,
          message: `The tenant forbids new passwords of ${nameOf(application)}${after ? `, as of all applications made after ${dayText(after)}` : ""}${last} and cannot be renewed without an exemption`,
        });
      }
      if (unread) {
        const unknown = [
          ...(principal ? [] : ["whether its service principal is there and may sign in"]),
          ...(owners ? [] : ["whether it has more owners than one"]),
          ...(typeof principal !== "object" || certificates !== undefined
            ? []
            : ["whether its service principal has certificates"]),
        ];
        said.push({
          code: "application.unread",
          appId,
          message: `Of ${nameOf(application)} it is not known ${unknown.join(", nor ")}: ${unread.message.replace(/\.$/, "")}`,
        });
      }
      return said;
    },
  );
}
