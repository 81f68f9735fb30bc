import type { Application, Owner } from "../../domain/identity.ts";
import { inOneLine } from "../../domain/in-one-line.ts";

/** An application as messages name it. */
export function nameOf({ displayName, appId }: Pick<Application, "displayName" | "appId">): string {
  return `${inOneLine(displayName)} (application id ${appId})`;
}

/** An owner as messages name it: by id if the caller may not read the name. */
export function ownerName({ displayName, objectId }: Owner): string {
  return displayName === undefined ? objectId : `${inOneLine(displayName)} (${objectId})`;
}
