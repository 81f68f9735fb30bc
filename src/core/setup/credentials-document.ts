import type { Look } from "./look.ts";
import type { JobRecord } from "./result.ts";

/**
 * The content of `--credentials-file`, by which a user asks for the password in a file. The caller writes it with
 * mode 0600, and only if the file does not exist.
 */
export function credentialsDocument({ loginServer, caller }: Look, records: readonly JobRecord[]): string {
  const credentials = records.flatMap(({ job, credential }) =>
    credential
      ? [
          {
            loginServer,
            tenantId: caller?.tenantId ?? null,
            clusterId: job.clusterId,
            appId: credential.credential.username,
            keyId: credential.keyId,
            expiresAt: credential.expiresAt,
            password: credential.credential.password.reveal(),
          },
        ]
      : [],
  );
  return `${JSON.stringify({ schemaVersion: 1, credentials }, null, 2)}\n`;
}
