import { inspect } from "node:util";
import { ActionableError } from "../../src/domain/errors.ts";
import { SecretText } from "../../src/domain/secret-text.ts";
import type { ProofImage } from "../../src/core/ports.ts";
import { PullClient } from "../../src/registry/pull-client.ts";

/** What the process is asked to do: pull, or, without an image, check whether the registry can be reached. */
export interface PullCall {
  readonly loginServer: string;
  readonly username?: string;
  readonly password?: string;
  readonly image?: ProofImage;
  /** Asks for the image's platforms instead. */
  readonly platforms?: true;
  /** `host:port` to connect through. */
  readonly proxy?: string;
}

async function answer({
  loginServer,
  username = "u",
  password = "p",
  image,
  platforms,
  proxy,
}: PullCall): Promise<unknown> {
  const client = new PullClient({ variables: proxy === undefined ? {} : { HTTPS_PROXY: `http://${proxy}` } });
  const signal = AbortSignal.timeout(30_000);
  try {
    if (!image) return await client.checkReachable(loginServer, signal).then(() => "reachable");
    const credential = { username, password: new SecretText(password) };
    if (platforms) return await client.findPlatforms(loginServer, credential, image, signal);
    return await client.tryPull(loginServer, credential, image, signal);
  } catch (error) {
    if (!(error instanceof ActionableError)) return { bug: inspect(error) };
    const { code, message, hint, exitCode, retryable, requestId, status } = error;
    return { code, message, hint, exitCode, retryable, requestId, status, shown: inspect(error) };
  }
}

process.on("message", (message) => {
  const { id, input } = message as { id: number; input: PullCall };
  void answer(input).then((result) => process.send?.({ id, result }));
});
