import { readFileSync } from "node:fs";
import tls from "node:tls";

/**
 * Lets this process trust one more certificate authority, and only it, wherever a client names none: Node reads
 * NODE_EXTRA_CA_CERTS when it starts, and a sandbox makes its authority later. What is verified stays verified.
 * @param caPath PEM; undefined: nothing changes
 * @returns takes the trust back
 */
export function trustInProcess(caPath: string | undefined): () => void {
  if (caPath === undefined) return () => {};
  const { createSecureContext } = tls;
  // One for all connections, as Node has one store of its own authorities.
  const trusting = createSecureContext({ ca: readFileSync(caPath, "utf8") });
  // Every connection asks for its context here: lib/_tls_wrap.js of Node.
  tls.createSecureContext = (options = {}) =>
    options.ca === undefined && options.cert === undefined ? trusting : createSecureContext(options);
  return () => {
    tls.createSecureContext = createSecureContext;
  };
}
