import { readFileSync } from "node:fs";
import tls from "node:tls";

/**
 * Makes this process trust another certificate authority, and only that one, if a client names none. Node reads
 * NODE_EXTRA_CA_CERTS when it starts, and a sandbox creates its authority later. Certificates are verified as before.
 * @param caPath PEM; if undefined, nothing changes
 * @returns a function that takes the trust back
 */
export function trustInProcess(caPath: string | undefined): () => void {
  if (caPath === undefined) return () => {};
  const { createSecureContext } = tls;
  // One context for all connections, as Node has one store of authorities.
  const trusting = createSecureContext({ ca: readFileSync(caPath, "utf8") });
  // Every connection asks for its context here: lib/_tls_wrap.js of Node.
  tls.createSecureContext = (options = {}) =>
    options.ca === undefined && options.cert === undefined ? trusting : createSecureContext(options);
  return () => {
    tls.createSecureContext = createSecureContext;
  };
}
