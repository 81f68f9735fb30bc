import type { Clock } from "../core/ports.ts";
import type { NodePlatform } from "../domain/kubernetes-objects.ts";
import type { Registry } from "../domain/registry.ts";
import type { AzureSight } from "./azure-sight.ts";
import type { ClusterSight } from "./cluster-sight.ts";
import type { VerifyInput } from "./contract.ts";
import type { EntryWish, IsRegistry } from "./entries.ts";
import type { Known } from "./known.ts";
import type { RegistrySight } from "./registry-sight.ts";

/** What the looks at one cluster share. */
export interface ClusterRun extends EntryWish {
  readonly input: VerifyInput;
  readonly cluster: ClusterSight;
  readonly azure: AzureSight;
  readonly registries: RegistrySight;
  readonly clock: Pick<Clock, "now">;
  /** Whether the cloud could be asked which hosts are its registries. */
  readonly cloud: Known<unknown>;
  /** Whether a host is one of the cloud's registries, to which a password may be sent. */
  readonly maySend: IsRegistry;
  /** The registries in question that the nodes pull from by their own identity. */
  readonly attached: ReadonlyArray<Pick<Registry, "name" | "loginServer">>;
  /** Known only if an image was named, because it is compared with them. */
  readonly nodes: Known<readonly NodePlatform[]>;
}
