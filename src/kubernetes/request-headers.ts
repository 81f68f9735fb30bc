import { validateHeaderName, validateHeaderValue, type OutgoingHttpHeaders } from "node:http";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";

/**
 * Who we are, as it is sent: in the bytes of UTF-8, as kubectl sends it. Node would take each letter for a byte.
 * @throws ActionableError `kubernetes.unauthorized` where it holds what no header can, such as a line break
 */
export function encodedHeaders(context: string, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const encode = (name: string, value: string): string => {
    const encoded = Buffer.from(value).toString("latin1");
    try {
      validateHeaderName(name);
      validateHeaderValue(name, encoded);
    } catch {
      // What Node says of it is no help, and the value may be a token.
      throw unsendable(context, name);
    }
    return encoded;
  };
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((one) => encode(name, one)) : encode(name, String(value)),
    ]),
  );
}

function unsendable(context: string, header: string): ActionableError {
  const what = header === "Authorization" ? "The token" : `What is to be the header ${header}`;
  return new ActionableError(
    `${what} of context ${context} holds a character that no request can, such as a line break.`,
    {
      code: "kubernetes.unauthorized",
      hint: "Mend the context's user in the kubeconfig, and what its tokenFile or its plugin says.",
      exitCode: exitCode.notAllowed,
    },
  );
}
