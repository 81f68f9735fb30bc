import type { DeviceCodeCredentialOptions, TokenCredential } from "@azure/identity";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Cloud } from "./cloud.ts";

/** What a person must do to sign in with a device code: open the page and enter the code there. */
export interface DeviceCodePrompt {
  /** Letters, digits and dashes. */
  readonly userCode: string;
  /** An https address; in Microsoft's own clouds it is one of Microsoft's. */
  readonly verificationUri: string;
  /** Whether a service demands more than the sign-in before showed. */
  readonly again: boolean;
}

/**
 * The SDK's credential for device codes. The service's own message could say anything, so it is not passed on.
 * @param onDeviceCode called with what the person must do
 */
export async function deviceCodeCredential(
  options: DeviceCodeCredentialOptions,
  cloud: Cloud,
  onDeviceCode: (prompt: DeviceCodePrompt) => void,
): Promise<TokenCredential> {
  const { DeviceCodeCredential } = await import("@azure/identity");
  let refusal: ActionableError | undefined;
  let again = false;
  const credential = new DeviceCodeCredential({
    ...options,
    userPromptCallback: ({ userCode, verificationUri }) => {
      refusal = refusalOf({ userCode, verificationUri }, cloud);
      if (refusal) throw refusal;
      onDeviceCode({ userCode, verificationUri: new URL(verificationUri).href, again });
    },
  });
  return {
    // The SDK keeps only the message of an error that its callback throws.
    getToken: (scopes, options) => {
      again = options?.claims !== undefined;
      return credential.getToken(scopes, options).catch((error: unknown) => {
        throw refusal ?? error;
      });
    },
  };
}

function refusalOf(
  { userCode, verificationUri }: Pick<DeviceCodePrompt, "userCode" | "verificationUri">,
  cloud: Cloud,
): ActionableError | undefined {
  const isCode = /^[A-Za-z0-9-]{4,32}$/.test(userCode);
  if (isCode && isPage(verificationUri, cloud)) return undefined;
  return new ActionableError(
    isCode
      ? `Could not sign in (--auth device-code): ${cloud.name} names a page of another site to enter the code on.`
      : `Could not sign in (--auth device-code): ${cloud.name} gives an invalid code.`,
    {
      code: "azure.not-signed-in",
      hint: "Something between this machine and Azure may have changed the answer: sign in another way, such as az login.",
      exitCode: exitCode.notAllowed,
    },
  );
}

/**
 * Whether a person may be sent to a page. Microsoft's are `microsoft.com/devicelogin`, `login.microsoft.com/device`
 * and the older `aka.ms/devicelogin`, with a suffix for some clouds.
 */
function isPage(address: string, { isWellKnown, authorityHost }: Cloud): boolean {
  if (!URL.canParse(address) || address.length > 200) return false;
  const { protocol, host, hostname, username, password } = new URL(address);
  if (protocol !== "https:" || username !== "" || password !== "") return false;
  if (!isWellKnown) return true;
  return (
    host === new URL(authorityHost).host ||
    (host === hostname && (hostname === "aka.ms" || `.${hostname}`.endsWith(".microsoft.com")))
  );
}
